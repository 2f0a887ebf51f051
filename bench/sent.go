package bench

import (
	"bufio"
	"context"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// sent is what all nodes have sent to each other since they started.
type sent struct {
	pushes float64 // with ops, and answered
	bare   float64 // exchanges of heads alone
	bytes  float64 // over the connections between them, both ways
}

// sent asks all nodes.
func (c *cluster) sent(ctx context.Context) (sum sent, err error) {
	for _, p := range c.nodes {
		if err := p.addSent(ctx, &sum); err != nil {
			return sum, fmt.Errorf("metrics of %s: %w", p.Name, err)
		}
	}
	return sum, nil
}

func (p *process) addSent(ctx context.Context, to *sent) error {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, p.URL()+"/metrics", nil)
	if err != nil {
		return err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close() //nolint:errcheck // it was read
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("%s", resp.Status)
	}
	lines := bufio.NewScanner(resp.Body)
	for lines.Scan() {
		name, value, _ := strings.Cut(lines.Text(), " ")
		n, err := strconv.ParseFloat(value, 64)
		if err != nil {
			continue // of another form
		}
		switch name {
		case "tally_push_batches_total":
			to.pushes += n
		case "tally_exchanges_total":
			to.bare += n
		case "tally_member_sent_bytes_total", "tally_member_received_bytes_total":
			to.bytes += n
		}
	}
	return lines.Err()
}
