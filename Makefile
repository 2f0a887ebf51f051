# Every target works on a machine that has Go; the race detector also wants a C
# compiler, and is left out where there is none.

GO         ?= go
BIN        ?= bin
TEST_FLAGS ?=
FUZZ_TIME  ?= 10s
# Without git, or with a checkout that git does not trust, there is no revision to stamp.
STAMP      := $(shell git rev-parse HEAD >/dev/null 2>&1 || echo -buildvcs=false)

.DEFAULT_GOAL := help
.PHONY: help build pgo demo sim test gate browser recall bench console console-check shots mesh contrasts lint fuzz vulncheck clean

help: ## print this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@echo
	@echo '  make demo  DEMO_IMPORT=path  what to import: a folder of Markdown, JSONL, or LoCoMo JSON'
	@echo '             DEMO_EXIT=1       end by itself; status 0 only if everything held'
	@echo '  make test  TEST_FLAGS=-short passed on to go test'
	@echo '  make bench BENCH_ARGS=...    passed on to `tally bench`, such as "--only a,b --rounds 1"'
	@echo '  make fuzz  FUZZ_TIME=10s     time for each target'

# Under the name that Go takes by itself everything would be built twice, for linters, too.
PROFILE := cmd/tally/tally.pgo

build: ## build bin/tally, one static binary
	CGO_ENABLED=0 $(GO) build -trimpath -pgo $(PROFILE) $(STAMP) -ldflags '-s -w' -o $(BIN)/tally ./cmd/tally

# A profile names the program that it is of, so that is one at a place of nobody's.
pgo: build ## measure where the time goes, for the compiler to go by: cmd/tally/tally.pgo
	@set -e; tmp=$$(mktemp -d); trap 'rm -rf "$$tmp"' EXIT; \
	cp $(BIN)/tally "$$tmp"/tally; \
	"$$tmp"/tally bench --only a,b,d,g,j --nodes 10 --rounds 1 --duration 5s --profile "$$tmp"; \
	$(GO) tool pprof -proto -output $(PROFILE) "$$tmp"/*.pb.gz

demo: build ## three nodes, real text, a kill -9, and proof that nothing was lost
	./$(BIN)/tally demo $(if $(DEMO_IMPORT),--import '$(DEMO_IMPORT)') $(if $(filter-out 0,$(DEMO_EXIT)),--exit)

sim: ## simulate federations under faults: SEEDS=10000 FROM=1
	GOGC=$(or $(GOGC),400) $(GO) test ./internal/sim -count=1 -timeout 0 -run Promises -v -args -sim.seeds=$(or $(SEEDS),10000) -sim.from=$(or $(FROM),1) \
		| grep -v '^ *=== \|--- PASS'

# SQLite comes as C that a machine has translated, and so do what it calls of a C library
# and the memory that it takes. It locks itself: watched by the race detector, and by the
# checks of pointers that come with that, these cost more than all the rest. Our code, and
# whatever else it uses, is watched.
# Only a package without generic code can be left out: the linker keeps one copy of each
# instance, and an unwatched one of sync.Map would hide who has synchronised with whom. These
# have none but their own, and what os keeps of a directory that it reads.
# The tests of arch read sources, one after the other, and a simulated federation is one
# goroutine, which shares nothing with another one: there is nothing to watch.
UNWATCHED := $(foreach p,sqlite/lib libc memory,-gcflags=modernc.org/$(p)=-race=false)

test: ## run all tests, with the race detector where it can be built
	@if [ "$$($(GO) env CGO_ENABLED)" = 1 ] && command -v "$$($(GO) env CC | cut -d ' ' -f 1)" >/dev/null 2>&1; then \
		echo "$(GO) test -race -shuffle=on ./..., and ./arch ./internal/sim without -race"; \
		$(GO) test -race $(UNWATCHED) -shuffle=on -timeout 30m $(TEST_FLAGS) $$($(GO) list ./... | grep -v '/arch$$\|/internal/sim$$') && \
		$(GO) test -shuffle=on $(TEST_FLAGS) ./arch ./internal/sim; \
	else \
		echo "no C compiler: testing WITHOUT the race detector"; \
		$(GO) test -shuffle=on -timeout 30m $(TEST_FLAGS) ./...; \
	fi

gate: ## count what fixed work takes of the heap, against the baseline that is checked in
	$(GO) test -count=1 -v -run FixedWork ./internal/node

recall: build ## measure recall, and fail if it is worse: RECALL_SETS="file..." BEAM=directory
	./$(BIN)/tally eval --gate $(wildcard ../shared/recall/locomo-dev.json) $(RECALL_SETS)
	TALLY_BEAM='$(BEAM)' $(GO) test -count=1 -v -run 'Set|LoCoMo|Notes|Comments|BEAM' ./internal/recall/eval

bench: build ## measure, against the control arm, and print a Markdown table
	CGO_ENABLED=0 $(GO) build -trimpath -pgo $(PROFILE) -o $(BIN)/control ./bench/control
	./$(BIN)/tally bench --control $(BIN)/control $(BENCH_ARGS)

console: ## build the console's files anew (needs npm); they are committed
	$(GO) test -count=1 ./internal/console -run KnowsTheAPI -update
	cd console && npm ci --silent && npm run --silent build
	$(GO) test -count=1 ./internal/console

# In a copy, so that nothing here changes. Where packages cannot be had it says so, and passes.
console-check: ## compare the committed files of the console with a fresh build (needs npm)
	@set -e; command -v npm >/dev/null || { echo 'console: not compared with a fresh build, there is no npm'; exit 0; }; \
	tmp=$$(mktemp -d); trap 'rm -rf "$$tmp"' EXIT; mkdir -p "$$tmp/internal/console"; \
	tar -c --exclude node_modules console | tar -x -C "$$tmp"; cd "$$tmp/console"; \
	npm ci --silent >npm.log 2>&1 || { echo 'console: not compared with a fresh build, npm could not get its packages:'; tail -n 3 npm.log; exit 0; }; \
	npm run --silent build >build.log 2>&1 || { cat build.log; exit 1; }; \
	diff -r "$$tmp/internal/console/dist" "$(CURDIR)/internal/console/dist" || { echo 'console: what is committed is not what is built of it: run make console'; exit 1; }; \
	echo 'console: the committed files are those of a fresh build'

mesh: build ## federations of ours and of ai-memory 0.7.1: AI_MEMORY=path/to/ai-memory, report in docs/evidence
	@if [ -z "$(AI_MEMORY)" ] || [ ! -x "$(AI_MEMORY)" ]; then \
		echo "make mesh: skipped, AI_MEMORY names no ai-memory 0.7.1 program"; \
	else \
		$(GO) run ./bench/contrasts -tally $(BIN)/tally -ai-memory "$(AI_MEMORY)" -layouts rtt,ttr,rrt,trr,rtt+keys+embed,rrt+chain+embed -watch 40s -report docs/evidence/mixed-mesh.md $(MESH_ARGS); \
	fi

contrasts: build ## what loses or splits data, tried on ours and, with AI_MEMORY=path, on ai-memory 0.7.1
	$(GO) run ./bench/contrasts -tally $(BIN)/tally -ai-memory "$(AI_MEMORY)" -layouts ttt,rrr $(CONTRASTS_ARGS)

browser: ## test the console in a real browser, on three real nodes (needs Chromium)
	TALLY_BROWSER=1 $(GO) test -count=1 ./internal/console/browser

shots: ## take the pictures of docs/console.md anew (needs a browser)
	mkdir -p docs/console
	TALLY_BROWSER=1 $(GO) test -count=1 ./internal/console/browser -run PicturesOfTheDocs -shots "$(CURDIR)/docs/console"

lint: ## format, vet, lint and dead code, as CI checks them
	.ci/run static

fuzz: ## a short pass over every fuzz target
	@set -e; for dir in $$(grep -rl --include='*_test.go' '^func Fuzz' . | xargs -n 1 dirname | sort -u); do \
		for target in $$(grep -hoE '^func Fuzz[A-Za-z0-9_]+' $$dir/*_test.go | cut -d ' ' -f 2 | sort -u); do \
			echo "$$dir $$target"; \
			$(GO) test $$dir -run '^$$' -fuzz "^$$target$$" -fuzztime $(FUZZ_TIME) -fuzzminimizetime 10x; \
		done; \
	done

vulncheck: ## known vulnerabilities in what we import (needs the network)
	$(GO) run golang.org/x/vuln/cmd/govulncheck@latest ./...

.PHONY: mcp-conformance
mcp-conformance: ## drive a node with the protocol's suite and official clients (needs npm or Python, and the network)
	tools/mcp/run

clean: ## remove what was built
	rm -rf $(BIN) .demo coverage.out
