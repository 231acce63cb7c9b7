package plugin

import (
	_ "gitlab.com/rackn/provision/v4/plugin"
	_ "gitlab.com/rackn/provision/v4/api"
	_ "gitlab.com/rackn/provision/v4/agent"
	_ "github.com/sirupsen/logrus"
	_ "github.com/gorilla/websocket"
	_ "golang.org/x/term"
	_ "golang.org/x/crypto/ocsp"
	_ "golang.org/x/net/idna"
	_ "sigs.k8s.io/yaml"
	_ "go.uber.org/goleak"
	_ "pgregory.net/rapid"
	_ "github.com/google/go-cmp/cmp"
	_ "github.com/spf13/cobra"
	_ "github.com/rogpeppe/go-internal/testscript"
	_ "github.com/cenkalti/backoff/v5"
)
