package emulator

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"

	"gitlab.com/rackn/provision/v4/models"
)

// maxBody bounds what a request may send, uploads of providers aside.
const maxBody = 64 << 20

// call is one authenticated request below /api/v3.
type call struct {
	e    *Endpoint
	w    http.ResponseWriter
	r    *http.Request
	path []string // the parts of the path after /api/v3
	who  *grant
}

// apiHandler serves the API port, with the faults in force.
func (e *Endpoint) apiHandler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if e.faults.instead(w, r) {
			return
		}
		if e.faults.losesAnswer(r) {
			e.serveAPI(httptest.NewRecorder(), r)
			panic(http.ErrAbortHandler) // ends the connection
		}
		e.serveAPI(w, r)
	})
}

func (e *Endpoint) serveAPI(w http.ResponseWriter, r *http.Request) {
	path, isAPI := strings.CutPrefix(r.URL.Path, "/api/v3/")
	if !isAPI {
		e.serveRoot(w, r)
		return
	}
	c := &call{e: e, w: w, r: r, path: strings.Split(strings.Trim(path, "/"), "/")}
	if c.who = e.authenticate(w, r); c.who != nil {
		c.route()
	}
}

// serveRoot sends a browser to the portal, as the server does.
func (e *Endpoint) serveRoot(w http.ResponseWriter, r *http.Request) {
	switch {
	case r.URL.Path == "/" && e.opt.Old:
		http.Redirect(w, r, "/ui/", http.StatusMovedPermanently)
	case r.URL.Path == "/" || r.URL.Path == "/ui" || r.URL.Path == "/ui/":
		http.Redirect(w, r, "https://portal.rackn.io/#/e/"+r.Host, http.StatusMovedPermanently)
	default:
		(&call{e: e, w: w, r: r}).noRoute()
	}
}

// route finds the handler by the first part of the path; what is no subject of its own is an
// object type.
func (c *call) route() {
	handlers := map[string]func(){
		"info":             c.serveInfo,
		"users":            c.users,
		"events":           c.postEvent,
		"ws":               c.upgrade,
		"plugin_providers": c.providers,
		"plugins":          c.plugins,
		"machines":         c.machines,
		"jobs":             c.jobs,
		"system":           c.system,
		"static":           c.static,
		"contents":         c.contents,
		"logs":             c.serveLogs,
		"files":            c.serveFiles,
	}
	if !c.e.opt.Old {
		handlers["objects"] = c.listTypes
		handlers["alerts"] = c.alerts
		handlers["connections"] = c.connections
		handlers["work_orders"] = c.workOrders
	}
	if handler := handlers[c.path[0]]; handler != nil {
		handler()
		return
	}
	c.objects()
}

// system serves what belongs to the endpoint as a whole.
func (c *call) system() {
	switch {
	case len(c.path) >= 2 && c.path[1] == "actions":
		c.actions(systemModel, c.e.store.find("profiles", "global"), c.path[2:])
	case len(c.path) == 2 && c.path[1] == "cert":
		c.serveCert(c.e.api.certBox)
	default:
		c.noRoute()
	}
}

// static serves what belongs to the HTTPS file port.
func (c *call) static() {
	if len(c.path) == 2 && c.path[1] == "cert" {
		c.serveCert(c.e.secureFiles.certBox)
		return
	}
	c.noRoute()
}

// serveFiles serves the file tree over the API port.
func (c *call) serveFiles() {
	if c.need("files", "get", "*") {
		http.StripPrefix("/api/v3", c.e.files.handler).ServeHTTP(c.w, c.r)
	}
}

// reply sends a JSON answer; drpcli wants the content type even where there is no content.
func (c *call) reply(code int, v any) {
	if code == http.StatusNoContent {
		c.w.Header().Set("Content-Type", "application/json")
		c.w.WriteHeader(code)
		return
	}
	body, err := json.Marshal(v)
	if err != nil {
		code, body = http.StatusInternalServerError, fmt.Appendf(nil, "%q", err.Error())
	}
	c.w.Header().Set("Content-Type", "application/json; charset=utf-8")
	c.w.WriteHeader(code)
	if c.r.Method != http.MethodHead {
		_, _ = c.w.Write(body)
	}
}

// fail sends an error in the server's form.
func (c *call) fail(err *models.Error) { c.reply(err.Code, err) }

// noRoute answers for a path or method that the server does not have: never 405.
func (c *call) noRoute() {
	c.fail(&models.Error{Key: c.r.URL.Path, Type: c.r.Method, Code: http.StatusNotFound,
		Messages: []string{"No route"}})
}

// notFound answers for an object that is not there.
func (c *call) notFound(prefix, key string) {
	c.fail(&models.Error{Model: prefix, Key: key, Type: c.r.Method, Code: http.StatusNotFound,
		Messages: []string{"Not Found"}})
}

// decode reads a JSON body; it answers 400 and reports false when that fails.
func (c *call) decode(v any) bool {
	body, err := io.ReadAll(io.LimitReader(c.r.Body, maxBody))
	if err == nil {
		err = json.Unmarshal(body, v)
	}
	if err != nil {
		c.fail(&models.Error{Type: c.r.Method, Code: http.StatusBadRequest, Messages: []string{err.Error()}})
	}
	return err == nil
}
