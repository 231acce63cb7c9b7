// Package content holds the DRP content of ws-diagnose: one YAML file for each object, in a folder
// for each type, and the hidden files that describe the bundle.
//
// Bundle is what a server gets: all of it and the params, put together ahead of time so that
// `define` need not parse anything. After a change run go generate in package plugin; a test there
// compares.
package content

import "embed"

// Files are the objects and the description of the bundle, as `drpcli contents bundle` reads them.
//
//go:embed ._*.meta all:blueprints all:profiles all:stages all:tasks all:triggers all:workflows
var Files embed.FS

// Bundle is the content bundle as YAML, made from Files and the params.
//
//go:embed bundle.yaml
var Bundle string
