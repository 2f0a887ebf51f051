package book_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/tallystick/tallystick/internal/book/query"
	"github.com/tallystick/tallystick/internal/book/records"
	"github.com/tallystick/tallystick/internal/memory"
)

// locomoPath is a development set of conversations with questions, beside the
// repository. It may not be copied into it.
const locomoPath = "../../../shared/recall/locomo-dev.json"

// sample is one conversation of LoCoMo.
type sample struct {
	ID           string                     `json:"sample_id"`
	Conversation map[string]json.RawMessage `json:"conversation"`
	QA           []struct {
		Question string   `json:"question"`
		Evidence []string `json:"evidence"`
	} `json:"qa"`
}

type turn struct {
	Speaker string `json:"speaker"`
	ID      string `json:"dia_id"`
	Text    string `json:"text"`
	Caption string `json:"blip_caption"`
}

// turns are the turns of a conversation, one memory each.
func (s *sample) turns(t *testing.T) []records.Draft {
	t.Helper()
	var out []records.Draft
	for n := 1; ; n++ {
		raw, ok := s.Conversation[fmt.Sprintf("session_%d", n)]
		if !ok {
			return out
		}
		var list []turn
		var date string
		if err := errors.Join(json.Unmarshal(raw, &list), json.Unmarshal(s.Conversation[fmt.Sprintf("session_%d_date_time", n)], &date)); err != nil {
			t.Fatal(err)
		}
		for _, u := range list {
			text := fmt.Sprintf("%s\n%s: %s", date, u.Speaker, u.Text)
			if u.Caption != "" {
				text += " (" + u.Caption + ")"
			}
			out = append(out, records.Draft{Memory: memory.Memory{
				Namespace: s.ID, Title: u.ID, Content: text, Tier: memory.Long,
				Metadata: memory.Object(fmt.Sprintf(`{"session":"D%d"}`, n)),
			}})
		}
	}
}

// TestRecallOnConversations measures how often a turn that answers a question is
// among the first 5, 10 and 20, if what is known of it stands in its text, as an
// importer leaves it. The ranking alone is measured in recall/eval.
func TestRecallOnConversations(t *testing.T) {
	if testing.Short() || raceDetector {
		t.Skip("measures recall on whole conversations: not with -short or -race")
	}
	raw, err := os.ReadFile(filepath.FromSlash(locomoPath))
	if errors.Is(err, fs.ErrNotExist) { // a work tree one level deeper
		raw, err = os.ReadFile(filepath.Join("..", filepath.FromSlash(locomoPath)))
	}
	if errors.Is(err, fs.ErrNotExist) {
		t.Skipf("no development set at %s: recall is not measured", locomoPath)
	}
	if err != nil {
		t.Fatal(err)
	}
	var samples []sample
	if err := json.Unmarshal(raw, &samples); err != nil {
		t.Fatal(err)
	}
	n := alone(t)
	dia := regexp.MustCompile(`D\d+:\d+`)
	asked, found := 0, map[int]int{}
	for i := range samples {
		s := &samples[i]
		drafts := s.turns(t)
		for len(drafts) > 0 {
			part := drafts[:min(len(drafts), records.MaxBulk)]
			drafts = drafts[len(part):]
			for _, r := range n.Bulk(t.Context(), nobody, part) {
				if r.Err != nil {
					t.Fatal(r.Err)
				}
			}
		}
		for _, qa := range s.QA {
			evidence := map[string]bool{}
			for _, e := range qa.Evidence {
				for _, id := range dia.FindAllString(e, -1) {
					evidence[id] = true
				}
			}
			if len(evidence) == 0 {
				continue
			}
			asked++
			got, err := n.Recall(t.Context(), query.RecallQuery{Text: qa.Question, Limit: 20, Filter: memory.Filter{Namespace: s.ID}})
			if err != nil {
				t.Fatal(err)
			}
			for rank, hit := range got.Hits {
				if !evidence[hit.Title] {
					continue
				}
				for _, k := range []int{5, 10, 20} {
					if rank < k {
						found[k]++
					}
				}
				break
			}
		}
	}
	share := func(k int) float64 { return 100 * float64(found[k]) / float64(asked) }
	t.Logf("%d questions: any@5 %.1f, any@10 %.1f, any@20 %.1f", asked, share(5), share(10), share(20))
	if share(10) < 86 || share(5) < 79 {
		t.Errorf("any@5 is %.1f, any@10 %.1f, want about 81 and 88", share(5), share(10))
	}
}
