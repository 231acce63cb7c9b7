// Package tests keeps the module's requirements until their users exist.
package tests

import (
	_ "github.com/chromedp/chromedp"
	_ "github.com/google/go-cmp/cmp"
	_ "github.com/rogpeppe/go-internal/testscript"
	_ "pgregory.net/rapid"

	_ "ws-diagnose/plugin"
	_ "ws-diagnose/plugin/trace"
)
