package api

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/tallystick/tallystick/internal/openapi"
)

// sampleHost is the node of the samples: one with the settings that all have at first.
const sampleHost = "http://127.0.0.1:9077"

// spoken is a route in the words of the command line and of the client package.
type spoken struct{ command, call string }

// samples are the ways to ask for an operation: as a request, on the command line and
// in Go, where these have a word for it.
func samples(rt *route, op *openapi.Operation, doc *openapi.Document) []openapi.Sample {
	out := []openapi.Sample{{Lang: "Shell", Label: "curl", Source: curlOf(rt, op, doc)}}
	say := inWords()[op.ID]
	if say.command != "" {
		out = append(out, openapi.Sample{Lang: "Shell", Label: "tally", Source: say.command})
	}
	if say.call != "" {
		out = append(out, openapi.Sample{Lang: "Go", Label: "Go", Source: goOf(say.call)})
	}
	return out
}

// curlOf is the request with what it needs.
func curlOf(rt *route, op *openapi.Operation, doc *openapi.Document) string {
	url, headers := sampleHost+rt.shownPath(), ""
	var query []string
	for _, p := range op.Parameters {
		if p.Ref != "" || p.Schema == nil {
			continue
		}
		value := fmt.Sprint(doc.Example(p.Schema, false))
		switch {
		case p.In == "path":
			url = strings.ReplaceAll(url, "{"+p.Name+"}", value)
		case p.Required && p.In == "query":
			query = append(query, p.Name+"="+strings.ReplaceAll(value, " ", "+"))
		}
	}
	if len(query) > 0 {
		url += "?" + strings.Join(query, "&")
	}
	method := ""
	if rt.method != get {
		method, headers = " -X "+rt.method, " -H 'Content-Type: application/json'"
	}
	if rt.operator {
		headers += ` -H "Authorization: Bearer $(cat operator.key)"`
	}
	if op.Body == nil {
		return "curl -s" + method + " '" + url + "'" + headers
	}
	body, err := json.Marshal(op.Body.Content[mediaJSON].Example)
	if err != nil {
		body = []byte("{}")
	}
	return "curl -s" + method + " '" + url + "'" + headers + " \\\n  -d '" + strings.ReplaceAll(string(body), "'", `'\''`) + "'"
}

// goOf is a call of the client package with what stands around it.
func goOf(call string) string {
	return "c, err := client.New(\"" + sampleHost + "\", client.Options{Agent: \"ann\"})\n// ...\n" + call
}

// inWords are the operations that the command line and the client package have a word for.
func inWords() map[string]spoken {
	const id = "4198b4ee-3c63-8a5c-9c2e-7b0f6f0a1d11"
	const other = "019ea94a-dc7b-8aae-a873-6fb6aeb22ff6"
	return map[string]spoken{
		"post_memories":                           {`tally remember "Gate code" "It is 4711." --namespace house`, `out, err := c.Create(ctx, client.Draft{Title: "Gate code", Content: "It is 4711.", Namespace: "house"})`},
		"post_memories_bulk":                      {`tally import notes.jsonl`, `out, err := c.CreateAll(ctx, []client.Draft{{Title: "Gate code", Content: "It is 4711."}})`},
		"get_memories":                            {`tally list --namespace house --limit 20`, `page, err := c.List(ctx, client.Selection{Namespace: "house", Limit: 20})`},
		"get_memories_by_id":                      {`tally get ` + id, `m, links, err := c.Get(ctx, "` + id + `")`},
		"put_memories_by_id":                      {`tally update ` + id + ` "It is 4712 now."`, `out, err := c.Update(ctx, "` + id + `", client.Patch{Content: &text})`},
		"patch_memories_by_id":                    {`tally update ` + id + ` --tier long`, `out, err := c.Update(ctx, "` + id + `", client.Patch{Tier: &tier})`},
		"delete_memories_by_id":                   {`tally delete ` + id, `out, err := c.Delete(ctx, "` + id + `")`},
		"post_memories_by_id_promote":             {`tally keep ` + id, `out, err := c.Promote(ctx, "` + id + `")`},
		"post_memories_by_id_erase":               {`tally erase ` + id, `out, err := c.Erase(ctx, "` + id + `")`},
		"get_memories_by_id_history":              {`tally history ` + id, `past, err := c.Past(ctx, "` + id + `")`},
		"post_consolidate":                        {`tally consolidate --title "The gate" ` + id + ` ` + other, `out, err := c.Consolidate(ctx, client.Consolidation{IDs: ids, Title: "The gate"})`},
		"post_forget":                             {"", `out, err := c.Upkeep().Forget(ctx, client.ForgetInput{Namespace: "house", Pattern: "gate code"})`},
		"get_recall":                              {`tally recall "how do I open the gate"`, `found, err := c.Recall(ctx, "how do I open the gate", client.Selection{Limit: 5})`},
		"post_recall":                             {`tally recall "how do I open the gate" --budget 400`, `found, err := c.Recall(ctx, "how do I open the gate", client.Selection{Limit: 5})`},
		"get_search":                              {"", `found, err := c.Search(ctx, "gate code", client.Selection{})`},
		"get_export":                              {`tally export --output backup.jsonl`, `for line, err := range c.Export(ctx, client.ExportOptions{}) { /* ... */ }`},
		"post_import_complete":                    {`tally import node.jsonl`, `loaded, err := c.Load(ctx, file, false)`},
		"post_links":                              {`tally link ` + id + ` ` + other, `out, err := c.Graph().Link(ctx, from, to, "related_to")`},
		"delete_links":                            {`tally unlink ` + id + ` ` + other, `removed, out, err := c.Graph().Unlink(ctx, from, to, "related_to")`},
		"get_links_by_id":                         {"", `links, err := c.Graph().Links(ctx, "` + id + `")`},
		"get_taxonomy":                            {"", `tree, err := c.Graph().Taxonomy(ctx, client.TaxonomyInput{})`},
		"get_duplicates":                          {`tally duplicates --namespace house`, `groups, err := c.Graph().Duplicates(ctx, client.DuplicatesInput{})`},
		"get_archive":                             {`tally list --archived`, `list, err := c.Upkeep().Archived(ctx, client.Selection{Namespace: "house"})`},
		"post_archive":                            {`tally archive ` + id, `out, err := c.Archive(ctx, []string{"` + id + `"}, "no longer true")`},
		"post_archive_by_id_restore":              {`tally restore ` + id, `out, err := c.Restore(ctx, "` + id + `")`},
		"get_pending":                             {`tally pending`, `list, err := c.Governance().Proposals(ctx, "pending", 100)`},
		"post_pending_by_id_approve":              {`tally pending approve ` + other, `out, err := c.Governance().Decide(ctx, "` + other + `", true)`},
		"post_pending_by_id_reject":               {`tally pending reject ` + other, `out, err := c.Governance().Decide(ctx, "` + other + `", false)`},
		"get_namespaces":                          {`tally namespace`, `list, err := c.Namespaces(ctx)`},
		"get_namespaces_by_namespace_standard":    {`tally namespace get house`, `s, err := c.Governance().Standard(ctx, "house")`},
		"post_namespaces_by_namespace_standard":   {`tally namespace set house ` + id, `s, out, err := c.Governance().SetStandard(ctx, "house", client.StandardDraft{ID: "` + id + `"})`},
		"delete_namespaces_by_namespace_standard": {`tally namespace clear house`, `cleared, out, err := c.Governance().ClearStandard(ctx, "house")`},
		"get_agents":                              {"", `agents, err := c.Agents().List(ctx)`},
		"post_handoff":                            {`tally handoff "Move the door" "The frame is out." --to bob`, `out, err := c.Agents().HandOver(ctx, client.HandoffInput{Title: "Move the door", Summary: "The frame is out."})`},
		"get_briefing":                            {`tally briefing --budget 400`, `b, err := c.Agents().Briefing(ctx, client.BriefingInput{})`},
		"get_readers":                             {`tally agent readers gate-code`, `r, err := c.Agents().Readers(ctx, "gate-code")`},
		"get_briefing_shown":                      {`tally briefing --shown`, `list, err := c.Agents().Shown(ctx, "ann", 20)`},
		"get_subscriptions":                       {`tally subscription`, `list, err := c.Subscriptions().List(ctx)`},
		"post_subscriptions":                      {`tally subscription add https://example.org/hook`, `s, out, err := c.Subscriptions().Add(ctx, client.NewSubscription{URL: "https://example.org/hook"})`},
		"delete_subscriptions_by_id":              {`tally subscription remove ` + other, `out, err := c.Subscriptions().Remove(ctx, "` + other + `")`},
		"post_subscriptions_by_id_adopt":          {`tally subscription adopt ` + other, `out, err := c.Subscriptions().Adopt(ctx, "` + other + `")`},
		"post_memory_subscription_dlq_list":       {`tally subscription dead-letters ` + other, `list, err := c.Subscriptions().DeadLetters(ctx, "` + other + `", 20)`},
		"get_receipts_by_dot":                     {`tally receipt north.mwtmd819.1`, `r, err := c.Receipt(ctx, "north.mwtmd819.1")`},
		"get_status":                              {`tally status`, `s, err := c.Status(ctx)`},
		"get_status_all":                          {`tally status --all`, `all, err := c.Upkeep().StatusAll(ctx)`},
		"get_diff":                                {`tally diff south`, `d, err := c.Upkeep().Diff(ctx, "south")`},
		"post_repair":                             {`tally repair south`, `d, err := c.Upkeep().Repair(ctx, "south")`},
		"post_scrub":                              {`tally scrub`, `s, err := c.Upkeep().Scrub(ctx, nil)`},
		"get_checkup":                             {`tally doctor`, `found, err := c.Upkeep().Checkup(ctx)`},
		"get_backups":                             {`tally backup --list`, `b, err := c.Upkeep().Backups(ctx)`},
		"post_backups":                            {`tally backup`, `b, err := c.Upkeep().BackUp(ctx, false)`},
		"post_backups_verify":                     {`tally verify`, `b, err := c.Upkeep().VerifyBackup(ctx)`},
		"get_measurement":                         {`tally measure --last`, `m, err := c.Upkeep().Measured(ctx)`},
		"post_measurement":                        {`tally measure`, `m, err := c.Upkeep().Measure(ctx)`},
		"get_parked":                              {`tally parked`, `list, err := c.Upkeep().Parked(ctx)`},
		"post_parked_retry":                       {`tally parked retry`, `n, err := c.Upkeep().RetryParked(ctx, nil)`},
		"get_events":                              {"", `for event, err := range c.Events(ctx, 0) { /* ... */ }`},
		"get_health_ready":                        {`tally doctor`, `err = c.Ready(ctx)`},
	}
}
