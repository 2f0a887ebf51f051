package deploy_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// uses says which metrics an expression of Prometheus names, each with the labels
// that are asked of it, and by which labels it groups. The expressions here are
// taken to be well-formed.
func uses(expr string) (metrics map[string][]string, groups []string) {
	metrics = map[string][]string{}
	const clauses = " by without on ignoring group_left group_right "
	const words = " and or unless bool offset sum min max avg count group topk bottomk quantile stddev count_values "
	letter := func(c byte) bool { return c == '_' || c == ':' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' }
	digit := func(c byte) bool { return c >= '0' && c <= '9' || c == '.' }
	for i := 0; i < len(expr); {
		start := i
		switch c := expr[i]; {
		case c == '"' || c == '\'':
			i = closing(expr, i, c)
		case c == '[':
			i = closing(expr, i, ']')
		case c == '$' || digit(c): // a variable of Grafana, a number, a duration
			for i++; i < len(expr) && (letter(expr[i]) || digit(expr[i])); i++ {
			}
		case letter(c):
			for i < len(expr) && (letter(expr[i]) || digit(expr[i])) {
				i++
			}
			word := expr[start:i]
			rest := strings.TrimLeft(expr[i:], " ")
			switch {
			case strings.Contains(clauses, " "+word+" "):
				i = len(expr) - len(rest)
				end := closing(expr, i, ')')
				groups = append(groups, strings.FieldsFunc(expr[i+1:end-1], func(r rune) bool { return r == ',' || r == ' ' })...)
				i = end
			case strings.Contains(words, " "+word+" ") || strings.HasPrefix(rest, "("):
			default:
				asked := metrics[word]
				if strings.HasPrefix(rest, "{") {
					i = len(expr) - len(rest)
					end := closing(expr, i, '}')
					asked = append(asked, labels(expr[i+1:end-1])...)
					i = end
				}
				metrics[word] = asked
			}
		default:
			i++
		}
	}
	return metrics, groups
}

// closing is the index behind the next end after i. Strings in between count as one.
func closing(expr string, i int, end byte) int {
	for i++; i < len(expr); i++ {
		switch expr[i] {
		case end:
			return i + 1
		case '"':
			i = closing(expr, i, '"') - 1
		}
	}
	return len(expr)
}

// labels are the names in a selector.
func labels(selector string) []string {
	var out []string
	for selector != "" {
		i := strings.IndexAny(selector, "=!")
		if i < 0 {
			break
		}
		out = append(out, strings.Trim(selector[:i], " ,"))
		quote := strings.IndexByte(selector, '"')
		if quote < 0 {
			break
		}
		selector = selector[closing(selector, quote, '"'):]
	}
	return out
}

func TestExpressionsAreUnderstood(t *testing.T) {
	tests := map[string]struct {
		expr    string
		metrics map[string][]string
		groups  []string
	}{
		"a bare name":        {"up == 0", map[string][]string{"up": nil}, nil},
		"labels":             {`up{job="a,b=c",instance=~"$x"}`, map[string][]string{"up": {"job", "instance"}}, nil},
		"a function":         {"rate(x_total[5m]) > 1e3", map[string][]string{"x_total": nil}, nil},
		"a variable":         {`rate(x_total{a!="}"}[$__rate_interval])`, map[string][]string{"x_total": {"a"}}, nil},
		"grouping":           {"sum by (le, a) (x) / on (b) y", map[string][]string{"x": nil, "y": nil}, []string{"le", "a", "b"}},
		"the same one twice": {`x{a="1"} / x{b="2"}`, map[string][]string{"x": {"a", "b"}}, nil},
		"words":              {"x and y or z offset 5m", map[string][]string{"x": nil, "y": nil, "z": nil}, nil},
		"a number":           {"histogram_quantile(0.99, x_bucket)", map[string][]string{"x_bucket": nil}, nil},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			metrics, groups := uses(tt.expr)
			for _, list := range metrics {
				slices.Sort(list)
			}
			for _, list := range tt.metrics {
				slices.Sort(list)
			}
			if d := cmp.Diff(tt.metrics, metrics); d != "" {
				t.Error(d)
			}
			if d := cmp.Diff(tt.groups, groups); d != "" {
				t.Error(d)
			}
		})
	}
}
