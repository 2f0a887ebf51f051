package screen

// rule says what a kind of secret looks like.
type rule struct {
	name    string
	words   []string          // in lower case: a text without any of them has none
	pattern string            // its last group is the secret, or all of it
	accept  func(string) bool // whether a match is one; nil: it is
	near    *near             // what a text must have besides; nil: nothing
}

// rules are all of them: secrets that say themselves whose they are, then those that
// only their surroundings tell.
func rules() []rule {
	const word, rest = `\b`, `[0-9A-Za-z_-]`
	return append([]rule{
		{"private", []string{"<private>"}, `(?is)<private>.*?(?:</private>|\z)`, nil, nil},
		{"private-key", []string{"private key", "age-secret-key-"}, `(?s)-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----.*?(?:-----END [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----|\z)|AGE-SECRET-KEY-1[0-9A-Z]{50,}`, nil, nil},
		{"aws-key", []string{"akia", "asia", "abia", "acca"}, word + `((?:AKIA|ASIA|ABIA|ACCA)[A-Z2-7]{16})` + word, lively(3), nil},
		{"github-token", []string{"ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_"}, word + `((?:gh[pousr]_[0-9A-Za-z]{36,255})|github_pat_[0-9A-Za-z_]{22,255})` + word, lively(3), nil},
		{"gitlab-token", []string{"glpat-", "gldt-", "glrt-", "glcbt-", "glptt-", "glft-", "glimt-", "glagent-", "gloas-", "glsoat-"}, word + `(gl(?:pat|dt|rt|cbt|ptt|ft|imt|agent|oas|soat)-` + rest + `{20,})`, lively(3), nil},
		{"slack-token", []string{"xox", "xapp-"}, word + `(xox[abeoprs]-[0-9A-Za-z-]{10,}|xapp-[0-9]-[A-Z0-9]+-[0-9]+-[0-9a-f]{20,})`, lively(2.5), nil},
		{"slack-webhook", []string{"hooks.slack.com"}, `hooks\.slack\.com/(?:services|workflows|triggers)/([0-9A-Za-z+/]{20,})`, lively(3), nil},
		{"anthropic-key", []string{"sk-ant-"}, word + `(sk-ant-[0-9a-z]{2,10}-` + rest + `{20,})`, lively(3.3), nil},
		{"openai-key", []string{"sk-"}, word + `(sk-(?:proj-|svcacct-|admin-|or-v1-)?` + rest + `{20,})`, mixed(3.5), nil},
		{"google-key", []string{"aiza"}, word + `(AIza` + rest + `{35})`, lively(3.3), nil},
		{"google-oauth", []string{"ya29.", "gocspx-"}, word + `(ya29\.` + rest + `{20,}|GOCSPX-` + rest + `{28})`, lively(3), nil},
		{"stripe-key", []string{"sk_live_", "sk_test_", "rk_live_", "rk_test_", "whsec_"}, word + `((?:[sr]k_(?:live|test)|whsec)_[0-9A-Za-z+/=]{16,})`, lively(3), nil},
		{"npm-token", []string{"npm_"}, word + `(npm_[0-9A-Za-z]{36})` + word, lively(3.3), nil},
		{"pypi-token", []string{"pypi-"}, word + `(pypi-AgE` + rest + `{50,})`, nil, nil},
		{"huggingface-token", []string{"hf_"}, word + `(hf_[0-9A-Za-z]{30,40})` + word, lively(3.5), nil},
		{"docker-token", []string{"dckr_"}, word + `(dckr_(?:pat|oat)_` + rest + `{20,})`, lively(3), nil},
		{"digitalocean-token", []string{"dop_v1_", "doo_v1_", "dor_v1_"}, word + `(do[opr]_v1_[0-9a-f]{64})` + word, lively(3), nil},
		{"sendgrid-key", []string{"sg."}, word + `(SG\.` + rest + `{16,32}\.` + rest + `{32,64})`, lively(3.5), nil},
		{"telegram-token", []string{":aa"}, word + `([0-9]{8,10}:AA` + rest + `{32,33})`, lively(3.5), nil},
		{"discord-token", []string{"discord", "token", "bot"}, word + `([MNO][0-9A-Za-z_-]{23,27}\.` + rest + `{6}\.` + rest + `{27,40})`, lively(4), &near{text: dottedRun}},
		{"discord-webhook", []string{"/api/webhooks/"}, `/api/webhooks/[0-9]{15,20}/(` + rest + `{50,})`, lively(3.5), nil},
		{"shopify-token", []string{"shpat_", "shpca_", "shppa_", "shpss_"}, word + `(shp(?:at|ca|pa|ss)_[0-9a-fA-F]{32})` + word, lively(3), nil},
		{"square-token", []string{"sq0atp-", "sq0csp-", "sq0idp-"}, word + `(sq0(?:atp|csp|idp)-` + rest + `{22,})`, lively(3), nil},
		{"mailchimp-key", []string{"-us"}, word + `([0-9a-f]{32}-us[0-9]{1,2})` + word, lively(3), nil},
		{"linear-key", []string{"lin_api_", "lin_oauth_"}, word + `(lin_(?:api|oauth)_[0-9A-Za-z]{32,})`, lively(3), nil},
		{"notion-token", []string{"secret_", "ntn_"}, word + `(secret_[0-9A-Za-z]{43}|ntn_[0-9A-Za-z]{40,})` + word, mixed(3.5), nil},
		{"figma-token", []string{"figd_"}, word + `(figd_` + rest + `{36,})`, lively(3), nil},
		{"vault-token", []string{"hvs.", "hvb.", "hvr."}, word + `(hv[sbr]\.` + rest + `{24,})`, lively(3.3), nil},
		{"databricks-token", []string{"dapi"}, word + `(dapi[0-9a-f]{32}(?:-[0-9])?)` + word, lively(3), nil},
		{"grafana-token", []string{"glsa_", "glc_"}, word + `(glsa_[0-9A-Za-z]{32}_[0-9a-fA-F]{8}|glc_[0-9A-Za-z+/]{32,}={0,2})`, lively(3), nil},
		{"monitoring-key", []string{"nrak-", "sntrys_", "sntryu_", "phc_", "phx_"}, word + `(NRAK-[0-9A-Z]{27}|sntry[su]_[0-9A-Za-z+/=_-]{40,}|ph[cx]_[0-9A-Za-z]{40,})`, lively(3), nil},
		{"atlassian-token", []string{"atatt3", "atctt3", "atbb"}, word + `(AT[AC]TT3` + rest + `{50,}={0,2}[0-9A-F]*|ATBB[0-9A-Za-z]{24,})`, lively(3.5), nil},
		{"hosting-token", []string{"dp.", "hrku-", "tskey-", "fo1_", "flyv1", "sbp_", "pul-", "rnd_", "nfp_"}, word + `(dp\.(?:pt|st|ct|sa|scim|audit)\.[0-9A-Za-z._-]{32,}|HRKU-` + rest + `{30,}|tskey-[a-z]+-` + rest + `{16,}|fo1_` + rest + `{40,}|FlyV1 [0-9A-Za-z+/=,_-]{60,}|sbp_[0-9a-f]{40}|pul-[0-9a-f]{40}|nfp_[0-9A-Za-z]{36})`, lively(3), nil},
		{"terraform-token", []string{".atlasv1."}, word + `([0-9A-Za-z]{14}\.atlasv1\.[0-9A-Za-z_=-]{40,})`, nil, nil},
		{"model-key", []string{"gsk_", "pplx-", "r8_", "xai-", "fw_", "tgp_v1_"}, word + `(gsk_[0-9A-Za-z]{40,}|pplx-[0-9A-Za-z]{40,}|r8_[0-9A-Za-z]{36,}|xai-[0-9A-Za-z]{60,}|fw_[0-9A-Za-z]{22,}|tgp_v1_` + rest + `{40,})`, mixed(3.5), nil},
		{"api-client-key", []string{"pmak-", "key-", "ops_ey", "eaa"}, word + `(PMAK-[0-9a-f]{24}-[0-9a-f]{34}|key-[0-9a-f]{32}|ops_eyJ` + rest + `{100,}|EAA[0-9A-Za-z]{60,})`, lively(3), nil},
		{"azure-key", []string{"accountkey=", "sharedaccesskey=", "sig="}, `(?i)(?:AccountKey|SharedAccessKey)=([0-9A-Za-z+/]{40,90}={0,2})|[?&]sig=([0-9A-Za-z%+/=]{40,})`, lively(3.5), nil},
		{"jwt", []string{"eyj"}, word + `(eyJ` + rest + `{10,}\.eyJ` + rest + `{10,}\.` + rest + `{10,})`, lively(3.5), nil},
	}, contextual()...)
}

// contextual are the rules for secrets that what stands before them tells.
func contextual() []rule {
	const (
		names = `(?:api|access|secret|private|auth|encryption|signing|client|account|master|service|deploy|app|webhook|session|refresh|bearer|admin|root|db|database|user|login|smtp|wifi|wlan|ssh|vpn)`
		kinds = `(?:key|token|secret|password|passwd|passphrase|pwd|credentials?)`
	)
	return []rule{
		{"connection-string", []string{"://"}, `\b[a-zA-Z][0-9a-zA-Z+.-]{1,30}://[^\s:/@"'<>` + "`" + `]{0,64}:([^\s/@"'<>` + "`" + `]{3,128})@[^\s@/]`, unspoken(0), nil},
		{"authorization", []string{"authorization", "x-api-key", "bearer"}, `(?i)\b(?:authorization["']?\s*[:=]\s*["']?\s*(?:bearer|basic|token|apikey)?|x-api-key["']?\s*[:=]|bearer)\s+["']?([0-9A-Za-z._~+/-]{16,}={0,2})`, mixed(3), nil},
		{"password", []string{"pass", "pwd"}, `(?i)(?:^|[^0-9A-Za-z])(?:[0-9A-Za-z.-]{0,40}[_.-]|PG)?(?:password|passwd|passphrase|passcode|pwd)["']?\s*(?:is|was|are|:=|=>|={1,2}|:)\s*["'` + "`" + `]?([^\s"'` + "`" + `,;<>(){}]{6,128})`, strange, namedPassword()},
		{"password", []string{"mysql", "curl", "sshpass", "psql"}, `\b(?:mysql\b[^\n]{0,80}\s-p|curl\b[^\n]{0,200}(?:\s-u|\s--user)[ =]\s*["']?[^\s:"']{1,64}:|sshpass\s+-p\s*)["']?([^\s"']{6,})`, strange, nil},
		{"secret", named().names, `(?i)(?:^|[^0-9A-Za-z])[0-9A-Za-z._-]{0,40}?` + names + `[_ .-]?(?:[0-9A-Za-z]{1,12}[_.-])?` + kinds + `[0-9A-Za-z_-]{0,20}["']?\s*(?::=|=>|={1,2}|:|\bis\b)\s*["'` + "`" + `]?([^\s"'` + "`" + `,;<>(){}\[\]]{10,512})`, mixed(3), named()},
		{"secret", []string{"key", "token", "secret", "credential"}, `(?i)(?:^|[^0-9A-Za-z])[0-9A-Z_]{0,40}(?:KEY|TOKEN|SECRET|CREDENTIALS?)["'\]]{0,2}\s*(?:=|:)\s*["']?([0-9A-Za-z_+/.~-]{16,512}={0,2})`, mixed(3.3), assigned()},
		{"secret", []string{"key", "token", "secret", "credential"}, `(?i)\b(?:key|token|secret|credential)s?\b[^\n.]{0,24}?[\s"'` + "`" + `:=(]([0-9A-Za-z+/_-]{24,512}={0,2})`, mixed(3.7), &near{text: longRun}},
	}
}
