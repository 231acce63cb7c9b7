package emulator

import (
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"strconv"
	"strings"

	"github.com/VictorLowther/jsonpatch2"
	"gitlab.com/rackn/provision/v4/models"
)

// listTypes answers the names of the object types.
func (c *call) listTypes() {
	if c.need("objects", "list", "*") {
		c.reply(http.StatusOK, c.e.store.types)
	}
}

// objects serves the generic requests of any object type.
func (c *call) objects() {
	prefix := c.path[0]
	if !c.e.store.knows(prefix) {
		c.noRoute()
		return
	}
	if len(c.path) == 1 {
		c.collection(prefix)
		return
	}
	key, rest := c.splitKey(prefix)
	if len(rest) == 0 {
		c.single(prefix, key)
		return
	}
	o := c.e.store.find(prefix, key)
	if o == nil {
		c.notFound(prefix, key)
		return
	}
	switch rest[0] {
	case "params", "pubkey":
		c.params(prefix, key, o, rest)
	case "actions":
		c.actions(prefix, o, rest[1:])
	default:
		c.noRoute()
	}
}

// splitKey finds the object that a path means. Names of params hold slashes, and
// "<Field>:<value>" names an object by another field than its key.
func (c *call) splitKey(prefix string) (key string, rest []string) {
	if prefix == "params" {
		return strings.Join(c.path[1:], "/"), nil
	}
	key, rest = c.path[1], c.path[2:]
	if field, value, ok := strings.Cut(key, ":"); ok {
		for _, o := range c.e.store.list(prefix) {
			if o[field] == value {
				return keyOf(prefix, o), rest
			}
		}
	}
	return key, rest
}

// collection lists and counts the objects of a type, and creates new ones.
func (c *call) collection(prefix string) {
	switch c.r.Method {
	case http.MethodGet, http.MethodHead:
		if c.need(prefix, "list", "*") {
			c.list(prefix)
		}
	case http.MethodPost:
		o := object{}
		if !c.need(prefix, "create", "*") || !c.decode(&o) {
			return
		}
		made, err := c.e.create(c.who.principal, prefix, o)
		c.replyObject(http.StatusCreated, prefix, made, err)
	default:
		c.noRoute()
	}
}

func (c *call) list(prefix string) {
	all := c.e.store.list(prefix)
	found, err := filter(all, c.r.URL.Query(), c.e)
	if err != nil {
		c.fail(&models.Error{Model: prefix, Type: c.r.Method, Code: http.StatusNotAcceptable, Messages: []string{err.Error()}})
		return
	}
	header := c.w.Header()
	header.Set("X-Drp-List-Total-Count", strconv.Itoa(len(all)))
	header.Set("X-Drp-List-Count", strconv.Itoa(len(found)))
	if !c.e.opt.Old {
		header.Set("X-Drp-List-Filter-Count", strconv.Itoa(len(found)))
	}
	for i := range found {
		found[i] = c.e.store.present(prefix, found[i])
	}
	c.reply(http.StatusOK, found)
}

// single serves one object.
func (c *call) single(prefix, key string) {
	verbs := map[string]string{http.MethodGet: "get", http.MethodHead: "get", http.MethodPut: "update",
		http.MethodPatch: "update", http.MethodDelete: "delete"}
	verb, ok := verbs[c.r.Method]
	if !ok {
		c.noRoute()
		return
	}
	if !c.need(prefix, verb, key) {
		return
	}
	switch c.r.Method {
	case http.MethodPut:
		c.replace(prefix, key)
	case http.MethodPatch:
		c.patch(prefix, key)
	case http.MethodDelete:
		gone, err := c.e.delete(c.who.principal, prefix, key)
		c.replyObject(http.StatusOK, prefix, gone, err)
	default:
		if o := c.e.store.find(prefix, key); o != nil {
			c.replyObject(http.StatusOK, prefix, c.withDecoded(o), nil)
			return
		}
		c.notFound(prefix, key)
	}
}

func (c *call) replace(prefix, key string) {
	o := object{}
	if !c.decode(&o) {
		return
	}
	is, err := c.e.edit(c.who.principal, prefix, key, func(was object) *models.Error {
		clear(was)
		maps.Copy(was, o)
		return nil
	})
	c.replyObject(http.StatusOK, prefix, is, err)
}

func (c *call) patch(prefix, key string) {
	body, _ := io.ReadAll(io.LimitReader(c.r.Body, maxBody)) // a cut body is no valid patch
	is, err := c.e.edit(c.who.principal, prefix, key, func(o object) *models.Error {
		if err := applyPatch(o, body); err != nil {
			err.Model, err.Key = prefix, key
			return err
		}
		return nil
	})
	c.replyObject(http.StatusOK, prefix, is, err)
}

// applyPatch applies an RFC 6902 patch to the object in place.
func applyPatch(o object, body []byte) *models.Error {
	bad := func(code int, err error) *models.Error {
		return &models.Error{Type: "PATCH", Code: code, Messages: []string{err.Error()}}
	}
	patch, err := jsonpatch2.NewPatch(body)
	if err != nil {
		return bad(http.StatusBadRequest, err)
	}
	before, _ := json.Marshal(o)
	after, err, _ := patch.Apply(before)
	if err != nil {
		return bad(http.StatusConflict, err)
	}
	clear(o)
	if err := json.Unmarshal(after, &o); err != nil {
		return bad(http.StatusConflict, err)
	}
	return nil
}

// replyObject answers an object or the error that came in its place.
func (c *call) replyObject(code int, prefix string, o object, err *models.Error) {
	if err != nil {
		c.fail(err)
		return
	}
	c.reply(code, c.e.store.present(prefix, o))
}
