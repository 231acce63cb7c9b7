//lint:file-ignore ST1005 the messages are the real server's

package emulator

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"

	"github.com/xeipuuv/gojsonschema"
	"gitlab.com/rackn/provision/v4/models"
	"golang.org/x/crypto/nacl/box"
)

// boxKeys is the key pair that secure values of this endpoint are sealed to. A real server has one
// for each object; nothing that a client sees depends on it.
var boxKeys = sync.OnceValue(func() (pair struct{ public, private *[32]byte }) {
	var err error
	if pair.public, pair.private, err = box.GenerateKey(rand.Reader); err != nil {
		panic(err)
	}
	return pair
})

// paramsOf are the values set on an object itself.
func paramsOf(o object) object {
	p, _ := o["Params"].(object)
	return p
}

// paramOf resolves one param of an object: the object itself, its profiles in order, the global
// profile, and the schema's default.
func (e *Endpoint) paramOf(o object, name string) (any, bool) {
	if v, ok := paramsOf(o)[name]; ok {
		return e.unseal(v), true
	}
	for _, profile := range append(stringsOf(o["Profiles"]), "global") {
		if v, ok := paramsOf(e.store.find("profiles", profile))[name]; ok {
			return e.unseal(v), true
		}
	}
	var p models.Param
	if e.store.load("params", name, &p) {
		return p.DefaultValue()
	}
	return nil, false
}

// aggregated are all params of an object with what its profiles add.
func (e *Endpoint) aggregated(o object) object {
	all := object{}
	profiles := append(stringsOf(o["Profiles"]), "global")
	for _, name := range slices.Backward(profiles) {
		maps.Copy(all, paramsOf(e.store.find("profiles", name)))
	}
	maps.Copy(all, paramsOf(o))
	return all
}

func stringsOf(v any) []string {
	var list []string
	items, _ := v.([]any)
	for _, item := range items {
		if s, ok := item.(string); ok {
			list = append(list, s)
		}
	}
	return list
}

// checkValue checks a value against the schema of its param; one without a param is free.
func (e *Endpoint) checkValue(name string, value any) error {
	var p models.Param
	if !e.store.load("params", name, &p) || p.Schema == nil || models.IsSecureData(value) {
		return nil
	}
	res, err := gojsonschema.Validate(gojsonschema.NewGoLoader(p.Schema), gojsonschema.NewGoLoader(value))
	if err != nil {
		return fmt.Errorf("Invalid Parameter: %s: %v", name, err)
	}
	if !res.Valid() {
		var all []string
		for _, e := range res.Errors() {
			all = append(all, e.String())
		}
		return fmt.Errorf("Invalid Parameter: %s: : %s", name, strings.Join(all, "; "))
	}
	return nil
}

// checkParams checks every param set on an object.
func (e *Endpoint) checkParams(prefix string, o object) *models.Error {
	for name, value := range paramsOf(o) {
		err := e.checkValue(name, value)
		if err == nil && e.isSecure(name) && !models.IsSecureData(value) {
			err = fmt.Errorf("Invalid Parameter: %s: secure values must be sealed", name)
		}
		if err != nil {
			return &models.Error{Model: prefix, Key: keyOf(prefix, o), Type: "ValidationError",
				Code: http.StatusUnprocessableEntity, Messages: []string{err.Error()}}
		}
	}
	return nil
}

func (e *Endpoint) isSecure(name string) bool {
	var p models.Param
	return e.store.load("params", name, &p) && p.Secure
}

// unseal returns the plain value of a sealed one, other values as they are.
func (e *Endpoint) unseal(value any) any {
	var sealed models.SecureData
	if !models.IsSecureData(value) || models.Remarshal(value, &sealed) != nil {
		return value
	}
	var plain any
	if sealed.Unmarshal(boxKeys().private[:], &plain) != nil {
		return value
	}
	return plain
}

// withDecoded unseals the secure params of an answer when the request asks for that.
func (c *call) withDecoded(o object) object {
	if params := paramsOf(o); params != nil && c.wants("decode") {
		for name, value := range params {
			params[name] = c.e.unseal(value)
		}
	}
	return o
}

func (c *call) wants(option string) bool { return c.r.URL.Query().Get(option) == "true" }

// params serves <object>/params[/<name>] and <object>/pubkey.
func (c *call) params(prefix, key string, o object, rest []string) {
	verb := "update"
	if c.r.Method == http.MethodGet || c.r.Method == http.MethodHead {
		verb = "get"
	}
	if !c.need(prefix, verb, key) {
		return
	}
	if c.wants("decode") && !c.need(prefix, "getSecure", key) {
		return
	}
	switch {
	case rest[0] == "pubkey":
		c.reply(http.StatusOK, boxKeys().public[:])
	case len(rest) == 1:
		c.allParams(prefix, key, o)
	default:
		c.oneParam(prefix, key, strings.Join(rest[1:], "/"), o)
	}
}

func (c *call) allParams(prefix, key string, o object) {
	switch c.r.Method {
	case http.MethodGet, http.MethodHead:
		if c.wants("aggregate") {
			o["Params"] = c.e.aggregated(o)
		}
		c.reply(http.StatusOK, paramsOf(c.withDecoded(o)))
	case http.MethodPost:
		var params object
		if c.decode(&params) {
			c.setParams(prefix, key, func(object) (object, *models.Error) { return params, nil }, nil)
		}
	case http.MethodPatch:
		var patch json.RawMessage
		if c.decode(&patch) {
			c.setParams(prefix, key, func(was object) (object, *models.Error) {
				return was, applyPatch(was, patch)
			}, nil)
		}
	default:
		c.noRoute()
	}
}

func (c *call) oneParam(prefix, key, name string, o object) {
	switch c.r.Method {
	case http.MethodGet, http.MethodHead:
		value := paramsOf(o)[name]
		if c.wants("aggregate") {
			value, _ = c.e.paramOf(o, name)
		} else if c.wants("decode") {
			value = c.e.unseal(value)
		}
		c.reply(http.StatusOK, value)
	case http.MethodPost:
		var value any
		if c.decode(&value) {
			c.setParams(prefix, key, func(was object) (object, *models.Error) {
				was[name] = value
				return was, nil
			}, &name)
		}
	case http.MethodDelete:
		old := paramsOf(o)[name]
		_, err := c.e.edit(c.who.principal, prefix, key, func(o object) *models.Error {
			delete(paramsOf(o), name)
			return nil
		})
		if err != nil {
			c.fail(err)
			return
		}
		c.reply(http.StatusOK, old)
	default:
		c.noRoute()
	}
}

// setParams stores the params that change makes of an object's, and answers them all or the named
// one.
func (c *call) setParams(prefix, key string, change func(object) (object, *models.Error), name *string) {
	is, err := c.e.edit(c.who.principal, prefix, key, func(o object) *models.Error {
		was := paramsOf(o)
		if was == nil {
			was = object{}
		}
		params, err := change(was)
		if err != nil {
			return err
		}
		o["Params"] = params
		return nil
	})
	switch {
	case err != nil:
		c.fail(err)
	case name != nil:
		c.reply(http.StatusOK, paramsOf(is)[*name])
	default:
		c.reply(http.StatusOK, paramsOf(is))
	}
}
