// Package emulator is a Digital Rebar Provision endpoint for tests: close enough to the server for
// the real drpcli, the real plugin binary and the SDK's real agent, and able to misbehave on
// request.
//
// What it answers follows RackN's documentation, the SDK and the recorded exchanges with a real
// server in testdata. Its store lives in memory, its files in a directory of its own that Close
// removes, and it listens on loopback addresses only.
//
// Each file has one subject:
//
//	endpoint.go     options, listeners, start and end
//	router.go       from a request to its handler; the forms of answers and errors
//	cors.go         what pages of other origins may read
//	auth.go         users, passwords, tokens, claims
//	store.go        objects in a writable layer above read-only content layers
//	changes.go      creating, changing and deleting objects, and what follows from it
//	objects.go      the generic requests of any object type
//	filter.go       list filters
//	params.go       param values: schemas, aggregation, secure values
//	contents.go     content bundles as layers
//	actions.go      listing, checking and running plugin actions
//	providers.go    upload, define and unpack of plugin providers
//	plugins.go      the life of plugin instances
//	process.go      one running plugin and its two sockets
//	events.go       events and who receives them
//	websocket.go    frames of RFC 6455
//	session.go      one websocket client
//	alerts.go       alerts
//	triggers.go     cron triggers
//	work_orders.go  work orders and who picks them
//	jobs.go         the jobs of a work order and their logs
//	render.go       templates of tasks
//	runner.go       the endpoint's own machine, which runs work orders
//	certs.go        certificates of the listeners
//	faults.go       misbehaviour on request
package emulator
