package deploy_test

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"regexp"
	"runtime"
	"strings"
	"testing"
)

// exported starts a node, asks this and that of it, and returns the labels of each
// series that it exports then.
func exported(t *testing.T) map[string]map[string]bool {
	t.Helper()
	// Nobody listens at this port, so the node owes what it writes.
	node := serves(t, nil, []string{"serve", "--node", "a", "--member", "b=http://127.0.0.1:1"})
	post, err := http.Post(node+"/api/v1/memories?durability=local", "application/json", strings.NewReader(`{"title":"t","content":"c"}`))
	if err != nil {
		t.Fatal(err)
	}
	if err := post.Body.Close(); err != nil || post.StatusCode != http.StatusCreated {
		t.Fatalf("write: %s, %v", post.Status, err)
	}
	fetch(t, node+"/api/v1/recall?context=t")
	series := regexp.MustCompile(`^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? \S+$`)
	out := map[string]map[string]bool{}
	for line := range strings.Lines(fetch(t, node+"/metrics")) {
		line = strings.TrimSuffix(line, "\n")
		if strings.HasPrefix(line, "#") {
			continue
		}
		m := series.FindStringSubmatch(line)
		if m == nil {
			t.Fatalf("no series: %q", line)
		}
		if out[m[1]] == nil {
			out[m[1]] = map[string]bool{}
		}
		for _, l := range labels(m[2]) {
			out[m[1]][l] = true
		}
	}
	return out
}

func fetch(t *testing.T, url string) string {
	t.Helper()
	res, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(res.Body)
	if err == nil {
		err = res.Body.Close()
	}
	if err != nil || res.StatusCode != http.StatusOK {
		t.Fatalf("%s: %s, %v", url, res.Status, err)
	}
	return string(b)
}

// problems says what in an expression a node does not export.
func problems(expr string, there map[string]map[string]bool) []string {
	var out []string
	metrics, groups := uses(expr)
	target := map[string]bool{"job": true, "instance": true} // Prometheus adds them
	labelled := maps.Clone(target)
	for name, asked := range metrics {
		if runtime.GOOS != "linux" && strings.HasPrefix(name, "process_") {
			continue // other systems tell less of a process
		}
		has, ok := there[name]
		if !ok && name != "up" {
			out = append(out, "no node exports "+name)
			continue
		}
		for _, l := range asked {
			if !target[l] && !has[l] {
				out = append(out, fmt.Sprintf("%s has no label %s", name, l))
			}
		}
		maps.Copy(labelled, has)
	}
	for _, l := range groups {
		if !labelled[l] {
			out = append(out, "nothing to group by: "+l)
		}
	}
	return out
}

// expressions are those of the dashboard and of the alerts, each with its place.
func expressions(t *testing.T) map[string]string {
	t.Helper()
	out := map[string]string{}
	var dashboard any
	if err := json.Unmarshal([]byte(read(t, "grafana/tallystick.json")), &dashboard); err != nil {
		t.Fatal(err)
	}
	values := regexp.MustCompile(`^label_values\((.+), \w+\)$`)
	var walk func(at string, v any)
	walk = func(at string, v any) {
		switch v := v.(type) {
		case map[string]any:
			for k, e := range v {
				text, _ := e.(string)
				if m := values.FindStringSubmatch(text); k == "query" && m != nil {
					out[at+"."+k] = m[1]
				} else if k == "expr" {
					out[at+"."+k] = text
				}
				walk(at+"."+k, e)
			}
		case []any:
			for i, e := range v {
				walk(fmt.Sprintf("%s[%d]", at, i), e)
			}
		}
	}
	walk("dashboard", dashboard)
	if len(out) < 20 {
		t.Fatalf("only %d expressions in the dashboard", len(out))
	}
	for name, expr := range alerts(t) {
		out["alert "+name] = expr
	}
	return out
}

// alerts are the expressions of the rules.
func alerts(t *testing.T) map[string]string {
	t.Helper()
	out := map[string]string{}
	each(t, get(yamlFile(t, "prometheus/tallystick.rules.yaml")[0], "groups"), func(g map[string]any) {
		each(t, g["rules"], func(r map[string]any) {
			name, _ := r["alert"].(string)
			if _, ok := out[name]; ok || name == "" {
				t.Errorf("alert %q is there twice, or has no name", name)
			}
			out[name], _ = r["expr"].(string)
			if s := get(r, "labels", "severity"); s != "critical" && s != "warning" {
				t.Errorf("alert %s has severity %v", name, s)
			}
			for _, key := range []string{"summary", "description"} {
				if s, _ := get(r, "annotations", key).(string); s == "" {
					t.Errorf("alert %s has no %s", name, key)
				}
			}
		})
	})
	return out
}

func TestDashboardAndAlertsShowWhatANodeExports(t *testing.T) {
	there := exported(t)
	for at, expr := range expressions(t) {
		for _, p := range problems(expr, there) {
			t.Errorf("%s: %s: %s", at, expr, p)
		}
	}
}

func TestProblemsOfExpressionsAreFound(t *testing.T) {
	there := map[string]map[string]bool{"x_total": {"code": true}, "y": nil}
	tests := map[string]struct {
		expr string
		want int
	}{
		"nothing":                 {`sum by (job, code) (rate(x_total{code="1",job="j"}[5m])) / up`, 0},
		"no such metric":          {"y / z", 1},
		"no such label":           {`y{code="1"}`, 1},
		"a label of another":      {`x_total + y{code="1"}`, 1},
		"no such label to group":  {"sum by (kind) (x_total)", 1},
		"a histogram's own parts": {"rate(y_bucket[5m])", 1},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := problems(tt.expr, there); len(got) != tt.want {
				t.Errorf("got %q, want %d", got, tt.want)
			}
		})
	}
}

func TestAlertsAreAboutTheJobThatIsScraped(t *testing.T) {
	config := yamlFile(t, "prometheus/prometheus.yaml")[0]
	job, _ := get(config, "scrape_configs", 0, "job_name").(string)
	if files := stringList(get(config, "rule_files")); len(files) != 1 || files[0] != "tallystick.rules.yaml" {
		t.Errorf("rule files %q", files)
	}
	for name, expr := range alerts(t) {
		metrics, _ := uses(expr)
		for metric := range metrics {
			if got, want := strings.Count(expr, metric+`{job="`+job+`"`), strings.Count(expr, metric); got != want {
				t.Errorf("alert %s: %s is of any job %d times", name, metric, want-got)
			}
		}
	}
}

func TestEveryAlertIsExplained(t *testing.T) {
	doc := read(t, "../docs/deploy.md")
	for name := range alerts(t) {
		if !strings.Contains(doc, "`"+name+"`") {
			t.Errorf("docs/deploy.md does not say what to do about %s", name)
		}
	}
	for _, m := range regexp.MustCompile("`(Tally[A-Z][a-zA-Z]+)`").FindAllStringSubmatch(doc, -1) {
		if _, ok := alerts(t)[m[1]]; !ok {
			t.Errorf("docs/deploy.md explains %s, which is no alert", m[1])
		}
	}
}
