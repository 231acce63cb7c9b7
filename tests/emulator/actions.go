//lint:file-ignore ST1005 the messages are the real server's

package emulator

import (
	"cmp"
	"fmt"
	"maps"
	"net/http"
	"slices"

	"gitlab.com/rackn/provision/v4/models"
)

// systemModel is what an action of the endpoint itself belongs to; providers leave it empty.
const systemModel = "system"

// offered is an action of a running plugin.
type offered struct {
	models.AvailableAction
	plugin string
}

// model is the object type that the action belongs to.
func (o offered) model() string { return cmp.Or(o.Model, systemModel) }

// actions serves <object>/actions[/<command>] and system/actions[/<command>].
func (c *call) actions(model string, target object, rest []string) {
	specific := keyOf("profiles", target)
	if model != systemModel {
		specific = keyOf(model, target)
	}
	list := c.e.host.offers(model, c.r.URL.Query().Get("plugin"))
	switch {
	case len(rest) == 0 && c.r.Method == http.MethodGet:
		if c.need(model, "actions", specific) {
			c.reply(http.StatusOK, c.e.shown(list, target))
		}
	case len(rest) == 1 && c.r.Method == http.MethodGet:
		if c.need(model, "actions", specific) {
			c.oneAction(model, rest[0], list)
		}
	case len(rest) == 1 && c.r.Method == http.MethodPost:
		var given object
		if c.need(model, "action:"+rest[0], specific) && c.decode(&given) {
			c.invoke(invocation{model: model, key: specific, command: rest[0], target: target, given: given}, list)
		}
	default:
		c.noRoute()
	}
}

// shown leaves out the actions that would fail without params: the portal's menu hides them too.
func (e *Endpoint) shown(list []offered, target object) []models.AvailableAction {
	res := []models.AvailableAction{}
	for _, o := range list {
		if _, err := e.resolve(o, target, nil); err == nil {
			res = append(res, o.AvailableAction)
		}
	}
	return res
}

func (c *call) oneAction(model, command string, list []offered) {
	for _, o := range list {
		if o.Command == command {
			c.reply(http.StatusOK, o.AvailableAction)
			return
		}
	}
	c.notFound(model, command)
}

// invocation is a request to run an action.
type invocation struct {
	model, key, command string
	target, given       object
}

// invoke runs the first action of that name whose params can be resolved.
func (c *call) invoke(in invocation, list []offered) {
	answer, code, err := c.e.invoke(c.who.principal, in, list)
	if err != nil {
		c.fail(err)
		return
	}
	c.w.Header().Set("Content-Type", "application/json; charset=utf-8")
	c.w.WriteHeader(code)
	_, _ = c.w.Write(answer)
}

func (e *Endpoint) invoke(principal string, in invocation, list []offered) ([]byte, int, *models.Error) {
	refusal := fmt.Errorf("Action %s on %s: Not Found", in.command, in.model)
	for _, o := range list {
		if o.Command != in.command {
			continue
		}
		params, err := e.resolve(o, in.target, in.given)
		if err != nil {
			refusal = err
			continue
		}
		prefix := in.model
		if prefix == systemModel {
			prefix = "profiles"
		}
		action := &models.Action{Model: e.store.present(prefix, in.target), Plugin: o.plugin,
			Command: in.command, Params: params}
		e.publish(principal, in.model, in.command, in.key, action, nil)
		return e.host.act(o.plugin, action)
	}
	return nil, 0, &models.Error{Model: in.model, Key: in.key, Type: "INVOKE", Code: http.StatusBadRequest,
		Messages: []string{refusal.Error()}}
}

// resolve collects the params of an action: what was given, and for the rest of its list what the
// target, its profiles or the schema's default say. What is given beyond the list goes through.
func (e *Endpoint) resolve(o offered, target, given object) (object, error) {
	params := maps.Clone(given)
	if params == nil {
		params = object{}
	}
	for name, value := range given {
		err := e.checkValue(name, value)
		if err == nil && e.isSecure(name) {
			err = fmt.Errorf("Invalid Parameter: %s: secure params cannot be given", name)
		}
		if err != nil {
			return nil, fmt.Errorf("Action %s: %w", o.Command, err)
		}
	}
	for _, name := range slices.Concat(o.RequiredParams, o.OptionalParams) {
		if _, ok := params[name]; ok {
			continue
		}
		if value, ok := e.paramOf(target, name); ok {
			params[name] = value
		}
	}
	for _, name := range o.RequiredParams {
		if _, ok := params[name]; !ok {
			return nil, fmt.Errorf("Action %s Missing Parameter %s", o.Command, name)
		}
	}
	return params, nil
}
