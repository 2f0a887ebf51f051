package deploy_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/pelletier/go-toml/v2"
)

func read(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// yamlFile is the documents of a file.
func yamlFile(t *testing.T, name string) []any {
	t.Helper()
	docs, err := parseYAML(read(t, name))
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return docs
}

// get walks down a value: by a name in a mapping, by a number in a list. What is
// not there is nil.
func get(v any, steps ...any) any {
	for _, s := range steps {
		switch at := v.(type) {
		case map[string]any:
			name, _ := s.(string)
			v = at[name]
		case []any:
			i, ok := s.(int)
			if !ok || i >= len(at) {
				return nil
			}
			v = at[i]
		default:
			return nil
		}
	}
	return v
}

// each calls f with the elements of a list of mappings; there must be some.
func each(t *testing.T, v any, f func(map[string]any)) {
	t.Helper()
	list, _ := v.([]any)
	if len(list) == 0 {
		t.Fatalf("no list: %v", v)
	}
	for _, e := range list {
		m, ok := e.(map[string]any)
		if !ok {
			t.Fatalf("no mapping: %v", e)
		}
		f(m)
	}
}

func mapping(t *testing.T, v any) map[string]any {
	t.Helper()
	m, _ := v.(map[string]any)
	if len(m) == 0 {
		t.Fatalf("no mapping: %v", v)
	}
	return m
}

func stringList(v any) []string {
	var out []string
	list, _ := v.([]any)
	for _, e := range list {
		out = append(out, fmt.Sprint(e))
	}
	return out
}

func TestFilesParse(t *testing.T) {
	files := []string{"../.goreleaser.yaml"}
	err := filepath.WalkDir(".", func(p string, d fs.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() {
			files = append(files, p)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range files {
		text := read(t, name)
		var err error
		switch filepath.Ext(name) {
		case ".yaml":
			_, err = parseYAML(text)
		case ".json":
			err = json.Unmarshal([]byte(text), new(any))
		case ".toml":
			err = toml.Unmarshal([]byte(text), new(map[string]any))
		case ".service":
			_, err = parseUnit(text)
		case ".py":
			err = parsePython(t, text)
		case ".go", ".md":
		default:
			t.Errorf("%s: nothing here reads such files", name)
		}
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// parseUnit reads a unit of systemd: "Section.Key" to its values.
func parseUnit(text string) (map[string][]string, error) {
	out := map[string][]string{}
	section := ""
	for i, line := range strings.Split(text, "\n") {
		if line == "" || line[0] == '#' {
			continue
		}
		if line[0] == '[' && strings.HasSuffix(line, "]") {
			section = strings.Trim(line, "[]")
			continue
		}
		key, value, ok := strings.Cut(line, "=")
		if !ok || section == "" || strings.Trim(key, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ") != "" {
			return nil, fmt.Errorf("line %d: %q", i+1, line)
		}
		out[section+"."+key] = append(out[section+"."+key], value)
	}
	return out, nil
}

func TestTheUnitStartsANodeThatReports(t *testing.T) {
	unit, err := parseUnit(read(t, "systemd/tally.service"))
	if err != nil {
		t.Fatal(err)
	}
	one := func(key string) string {
		if len(unit[key]) != 1 {
			t.Fatalf("%s: %q, want one value", key, unit[key])
		}
		return unit[key][0]
	}
	if got := one("Service.Type"); got != "notify" {
		t.Errorf("Type %s, want notify", got)
	}
	argv := strings.Fields(one("Service.ExecStart"))
	if !filepath.IsAbs(argv[0]) || filepath.Base(argv[0]) != "tally" {
		t.Errorf("ExecStart runs %s", argv[0])
	}
	i := slices.Index(argv, "--config") + 1
	if i == 0 || argv[i] != "/etc/tallystick/tally.toml" {
		t.Fatalf("ExecStart %q: want the configuration beside the unit", argv)
	}
	argv[i] = "systemd/tally.toml"
	var file struct{ Data string }
	if err := toml.Unmarshal([]byte(read(t, argv[i])), &file); err != nil {
		t.Fatal(err)
	}
	if want := "/var/lib/" + one("Service.StateDirectory"); file.Data != want {
		t.Errorf("data is %s, and the unit lets it write to %s", file.Data, want)
	}
	env, heard := manager(t)
	serves(t, []string{env}, argv[1:])
	if got := heard(); !strings.HasPrefix(got, "READY=1\n") {
		t.Errorf("told %q, want READY=1", got)
	}
}

// image is what the last stage of the Dockerfile says.
type image struct {
	from, user              string
	env                     []string
	entrypoint, cmd, health []string
	copied                  map[string]string // path in the image to its source
}

func theImage(t *testing.T) image {
	t.Helper()
	var img image
	text := strings.ReplaceAll(read(t, "../Dockerfile"), "\\\n", " ")
	for line := range strings.Lines(text) {
		word, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
		words := strings.Fields(rest)
		exec := func(s string) (list []string) {
			if err := json.Unmarshal([]byte(s), &list); err != nil {
				t.Fatalf("%s %s: not a list of arguments, and there is no shell: %v", word, s, err)
			}
			return list
		}
		switch word {
		case "", "#":
		case "FROM":
			img = image{from: words[0], copied: map[string]string{}}
		case "USER":
			img.user = rest
		case "ENV":
			img.env = append(img.env, words...)
		case "ENTRYPOINT":
			img.entrypoint = exec(rest)
		case "CMD":
			img.cmd = exec(rest)
		case "HEALTHCHECK":
			_, command, _ := strings.Cut(rest, "CMD ")
			img.health = exec(command)
		case "COPY":
			img.copied[words[len(words)-1]] = words[len(words)-2]
		case "ARG", "RUN", "WORKDIR", "VOLUME", "EXPOSE", "STOPSIGNAL":
		default:
			t.Errorf("%q is no instruction of a Dockerfile", line)
		}
	}
	return img
}

func TestTheImageHoldsWhatItRuns(t *testing.T) {
	img := theImage(t)
	if img.from != "scratch" {
		t.Errorf("from %s, want an empty image", img.from)
	}
	if !regexp.MustCompile(`^[1-9]\d*:[1-9]\d*$`).MatchString(img.user) {
		t.Errorf("user %q: want numbers that are not root's: nobody has a name in an empty image", img.user)
	}
	for what, argv := range map[string][]string{"ENTRYPOINT": img.entrypoint, "HEALTHCHECK": img.health} {
		if len(argv) == 0 || img.copied[argv[0]] != "/out/tally" {
			t.Errorf("%s %q: want the program", what, argv)
		}
	}
	build := read(t, "../Dockerfile")
	for _, want := range []string{"CGO_ENABLED=0", buildFlags[0], buildFlags[1] + " '" + buildFlags[2] + "'", "-pgo " + profile, "EXPOSE 9077", "\nARG TARGETOS TARGETARCH\n"} {
		if !strings.Contains(build, want) {
			t.Errorf("the Dockerfile does not say %s", want)
		}
	}
	// The image asks its node at the address that clients take by themselves.
	if !slices.Contains(img.env, "TALLY_LISTEN=0.0.0.0:9077") || !strings.Contains(tally(t, nil, "--help"), "http://127.0.0.1:9077.") {
		t.Errorf("%q: the health check does not find the node", img.env)
	}
	node := serves(t, append(img.env, "TALLY_NODE=north"), slices.Concat(img.entrypoint[1:], img.cmd))
	tally(t, []string{"TALLY_SERVER=" + node}, img.health[1:]...)
}

func TestComposeFilesStartAFederation(t *testing.T) {
	img := theImage(t)
	for file, nodes := range map[string]int{"one.yaml": 1, "three.yaml": 3} {
		t.Run(file, func(t *testing.T) {
			doc := yamlFile(t, "compose/"+file)[0]
			services := mapping(t, get(doc, "services"))
			if len(services) != nodes {
				t.Errorf("%d services, want %d", len(services), nodes)
			}
			for name, s := range services {
				env := slices.Clone(img.env)
				vars := mapping(t, get(s, "environment"))
				for k, v := range vars {
					env = append(env, k+"="+given(t, fmt.Sprint(v)))
				}
				if vars["TALLY_NODE"] != name {
					t.Errorf("the node of %s is called %v", name, vars["TALLY_NODE"])
				}
				members, _ := vars["TALLY_MEMBERS"].(string)
				want := others(services, name, func(o string) string { return o + "=http://" + o + ":9077" })
				if members != strings.Join(want, ",") {
					t.Errorf("members of %s: got %s, want %s", name, members, want)
				}
				volume, at, _ := strings.Cut(fmt.Sprint(get(s, "volumes", 0)), ":")
				if _, ok := mapping(t, get(doc, "volumes"))[volume]; !ok || at != "/data" {
					t.Errorf("%s keeps its data in %q at %q", name, volume, at)
				}
				check := stringList(get(s, "healthcheck", "test"))
				if len(check) < 2 || check[0] != "CMD" || check[1] != img.entrypoint[0] {
					t.Fatalf("health check of %s: %q", name, check)
				}
				node := serves(t, env, img.cmd)
				tally(t, append(env, "TALLY_SERVER="+node), check[2:]...)
			}
		})
	}
}

// given fills in a variable that compose wants from the environment.
func given(t *testing.T, value string) string {
	t.Helper()
	if !strings.Contains(value, "$") {
		return value
	}
	if !regexp.MustCompile(`^\$\{[A-Z_]+:\?[^}]+\}$`).MatchString(value) {
		t.Errorf("%s: want a variable that must be set, with words about it", value)
	}
	return "from-the-environment"
}

// others are the names in a federation but one, in order.
func others(all map[string]any, name string, as func(string) string) []string {
	var out []string
	for o := range all {
		if o != name {
			out = append(out, as(o))
		}
	}
	order := []string{"north", "east", "west"}
	slices.SortFunc(out, func(a, b string) int {
		rank := func(s string) int {
			return slices.IndexFunc(order, func(o string) bool { return strings.HasPrefix(s, o) })
		}
		return rank(a) - rank(b)
	})
	return out
}

// object finds the manifest of a kind and name.
func object(t *testing.T, kind, name string) any {
	t.Helper()
	for _, f := range stringList(get(yamlFile(t, "kubernetes/kustomization.yaml")[0], "resources")) {
		for _, doc := range yamlFile(t, "kubernetes/"+f) {
			if get(doc, "kind") == kind && get(doc, "metadata", "name") == name {
				return doc
			}
		}
	}
	t.Fatalf("no %s %s among the resources", kind, name)
	return nil
}

func TestManifestsStartAFederation(t *testing.T) {
	set := object(t, "StatefulSet", "tally")
	service := fmt.Sprint(get(set, "spec", "serviceName"))
	if get(object(t, "Service", service), "spec", "clusterIP") != "None" {
		t.Errorf("service %s gives pods no names", service)
	}
	pod := get(set, "spec", "template", "spec")
	container := get(pod, "containers", 0)
	port := get(container, "ports", 0, "containerPort")
	config := fmt.Sprint(get(pod, "volumes", 0, "configMap", "name"))
	files := mapping(t, get(object(t, "ConfigMap", config), "data"))
	replicas, _ := get(set, "spec", "replicas").(int64)
	if replicas != 3 || len(files) != 3 {
		t.Fatalf("%d replicas, %d files, want 3", replicas, len(files))
	}
	for i := range replicas {
		name := fmt.Sprintf("tally-%d", i)
		t.Run(name, func(t *testing.T) {
			text, _ := files[name+".toml"].(string)
			var file struct {
				Node    string
				Members map[string]string
			}
			if err := toml.Unmarshal([]byte(text), &file); err != nil {
				t.Fatal(err)
			}
			want := map[string]string{}
			for j := range replicas {
				if o := fmt.Sprintf("tally-%d", j); o != name {
					want[o] = fmt.Sprintf("http://%s.%s:%v", o, service, port)
				}
			}
			if d := cmp.Diff(want, file.Members); d != "" || file.Node != name {
				t.Errorf("node %q with members that differ from those wanted:\n%s", file.Node, d)
			}
			dir := t.TempDir()
			if err := os.WriteFile(filepath.Join(dir, name+".toml"), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			var args []string
			for _, a := range stringList(get(container, "args")) {
				args = append(args, strings.NewReplacer("/etc/tallystick/", dir+"/", "$(POD_NAME)", name).Replace(a))
			}
			if !slices.Contains(args, fmt.Sprintf("--listen=0.0.0.0:%v", port)) {
				t.Errorf("%q: does not listen on the port of the container, %v", args, port)
			}
			node := serves(t, []string{"TALLY_API_KEY=secret"}, args)
			for _, probe := range []string{"startupProbe", "livenessProbe", "readinessProbe"} {
				probes(t, node, fmt.Sprint(get(container, probe, "httpGet", "path")))
			}
		})
	}
}

// probes asks as a kubelet does: without a key.
func probes(t *testing.T, node, at string) {
	t.Helper()
	u, err := url.JoinPath(node, at)
	if err != nil {
		t.Fatal(err)
	}
	res, err := http.Get(u)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close() //nolint:errcheck // only the status is of interest
	if res.StatusCode != http.StatusOK {
		t.Errorf("%s: %s", at, res.Status)
	}
}

func TestReleasesAreForThePlatformsThatBuild(t *testing.T) {
	doc := yamlFile(t, "../.goreleaser.yaml")[0]
	build := get(doc, "builds", 0)
	if d := cmp.Diff([]string{"linux", "darwin", "windows"}, stringList(get(build, "goos"))); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff([]string{"amd64", "arm64"}, stringList(get(build, "goarch"))); d != "" {
		t.Error(d)
	}
	if env := stringList(get(build, "env")); !slices.Contains(env, "CGO_ENABLED=0") {
		t.Errorf("env %q: want no cgo", env)
	}
	if flags := stringList(get(build, "flags")); !slices.Contains(flags, buildFlags[0]) || !slices.Contains(flags, "-pgo="+profile) || get(build, "ldflags", 0) != buildFlags[2] {
		t.Errorf("flags %q differ from those of the image", flags)
	}
	for _, pattern := range stringList(get(doc, "archives", 0, "files")) {
		if found, err := filepath.Glob(path.Join("..", pattern)); err != nil || len(found) == 0 {
			t.Errorf("%s: no such files: %v", pattern, err)
		}
	}
	for _, goos := range stringList(get(build, "goos")) {
		for _, arch := range stringList(get(build, "goarch")) {
			// Whether every package has files for the platform; compiling all takes minutes.
			cmd := exec.Command("go", "list", "-deps", "-buildvcs=false", path.Join("..", fmt.Sprint(get(build, "main"))))
			cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS="+goos, "GOARCH="+arch)
			var why bytes.Buffer
			cmd.Stderr = &why
			if err := cmd.Run(); err != nil {
				t.Errorf("%s/%s: %v\n%s", goos, arch, err, &why)
			}
		}
	}
}

func TestTheDocumentUsesFlagsThatAreThere(t *testing.T) {
	doc := read(t, "../docs/deploy.md")
	command := regexp.MustCompile("(?m)(?:^|[ (`|])/?tally ((?:--[a-z-]+ [^ ]+ )*)([a-z]+)([^|`#\n]*)")
	flag := regexp.MustCompile(`--[a-z-]+`)
	seen := 0
	for _, m := range command.FindAllStringSubmatch(doc, -1) {
		given := flag.FindAllString(m[1]+m[3], -1)
		if len(given) == 0 {
			continue
		}
		seen++
		known := flagsOf(t, m[2])
		for _, f := range given {
			if !slices.Contains(known, f) {
				t.Errorf("%s: tally %s has no flag %s", strings.TrimSpace(m[0]), m[2], f)
			}
		}
	}
	if seen < 3 {
		t.Errorf("only %d commands with flags were found", seen)
	}
}

// parsePython reads a program of Python without running it. Where there is no Python,
// nobody can.
func parsePython(t *testing.T, text string) error {
	t.Helper()
	python, err := exec.LookPath("python3")
	if err != nil {
		t.Log("no python3 on this machine: a program of Python is not read")
		return nil //nolint:nilerr // said, and no fault of the program
	}
	cmd := exec.CommandContext(t.Context(), python, "-c", "import ast, sys; ast.parse(sys.stdin.read())")
	cmd.Stdin = strings.NewReader(text)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%w: %s", err, out)
	}
	return nil
}
