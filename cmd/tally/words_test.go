package main

import (
	"os/exec"
	"testing"
	"time"
)

func TestNumbersAgreeWithTheirNouns(t *testing.T) {
	for want, got := range map[string]string{
		"1 entry": count(1, "entry"), "2 entries": count(2, "entry"), "0 days": count(0, "day"), "1 member": count(int64(1), "member"),
	} {
		if got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestTimesThatAreLeftAreRough(t *testing.T) {
	for d, want := range map[time.Duration]string{
		-time.Second: "0 seconds", time.Second: "1 second", 90 * time.Second: "2 minutes", 119 * time.Minute: "119 minutes",
		26 * time.Hour: "26 hours", 7*24*time.Hour - time.Minute: "7 days",
	} {
		if got := spanOf(d); got != want {
			t.Errorf("%s is %q, want %q", d, got, want)
		}
	}
}

func TestSuggestionsAreOneWordOfAShell(t *testing.T) {
	for _, s := range []string{"plain", "two words", "`reboot` **+** $(x)", "it's", `a"b\`, "", "x;y", "-n", "a\nb", "/home/me/tally", "naïve"} {
		out, err := exec.CommandContext(t.Context(), "/bin/sh", "-c", "printf %s "+shellQuoted(s)).Output()
		if err != nil || string(out) != s {
			t.Errorf("%q becomes %q: %v, %q", s, shellQuoted(s), err, out)
		}
	}
}
