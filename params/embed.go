// Package params holds the DRP params of ws-diagnose, one YAML file for each.
package params

import "embed"

// Files are the params as DRP content; a file is named after its param, with "." for "/".
//
//go:embed all:*.yaml
var Files embed.FS
