# ws-diagnose: build, demonstrate, test. Every target works on a fresh clone.

VERSION  := $(shell git describe --tags --match 'v[0-9]*' 2>/dev/null || echo v0.1.0-dev)
LDFLAGS  := -s -w -X main.version=$(VERSION)
HOSTARCH := $(shell go env GOOS)/$(shell go env GOARCH)
TARGETS  := linux/amd64 linux/arm64
STATICCHECK := honnef.co/go/tools/cmd/staticcheck@v0.8.2

export CGO_ENABLED ?= 0

.PHONY: build demo alerts-demo test test-browsers browser-truth bench lint clean $(TARGETS)

## build: the provider for every target, in bin/<os>/<arch>/ws-diagnose
build: $(TARGETS)

$(TARGETS):
	CGO_ENABLED=0 GOOS=$(word 1,$(subst /, ,$@)) GOARCH=$(word 2,$(subst /, ,$@)) \
	go build -trimpath -ldflags '$(LDFLAGS)' -o bin/$@/ws-diagnose ./cmd/ws-diagnose

## demo: upload the provider into an emulated DRP endpoint and run its action as the portal would
demo: $(HOSTARCH)
	go -C tests run ./cmd/demo -provider ../bin/$(HOSTARCH)/ws-diagnose

## alerts-demo: the life of one alert, from 20 days left to the replaced certificate
alerts-demo: $(HOSTARCH)
	go -C tests run ./cmd/demo -provider ../bin/$(HOSTARCH)/ws-diagnose -story alerts

## test: everything, with the race detector (which needs a C compiler)
test: export CGO_ENABLED = 1
test:
	go vet ./... && go -C tests vet ./...
	go test -race ./...
	go -C tests test -race ./...

## test-browsers: every prediction held against the real Chromium and Firefox of this machine
test-browsers:
	go -C tests test ./browsers -all -run TestPredictions -v -timeout 25m

## browser-truth: the same, and what the browsers did is written to tests/browsers/testdata
browser-truth:
	go -C tests test ./browsers -all -run TestPredictions -v -timeout 25m -update

## bench: speed and size, as ratios to a bare websocket loop in the same run
bench: $(HOSTARCH)
	go -C tests run ./cmd/bench -provider ../bin/$(HOSTARCH)/ws-diagnose

## lint: formatting, vet and staticcheck of both modules
lint:
	@test -z "$$(gofmt -l cmd plugin content params tests)" || { gofmt -l cmd plugin content params tests; exit 1; }
	go vet ./... && go -C tests vet ./...
	go run $(STATICCHECK) ./...
	cd tests && go run $(STATICCHECK) ./...

clean:
	rm -rf bin
