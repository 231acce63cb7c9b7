package emulator

import (
	"encoding/json"
	"net/http"
	"reflect"

	"github.com/pborman/uuid"
	"gitlab.com/rackn/provision/v4/models"
)

// seed puts the objects there that every endpoint has from its first start.
func (e *Endpoint) seed() {
	global := fields(&models.Profile{Name: "global",
		Description: "Global profile attached automatically to all machines.",
		Meta:        models.Meta{"color": "blue", "icon": "world", "title": "Digital Rebar Provision"}})
	e.mustCreate("profiles", global)
	e.mustCreate("users", fields(&models.User{Name: e.opt.Username, Roles: []string{"superuser"}}))
	e.mustCreate("roles", fields(&models.Role{Name: "superuser", Claims: superuser}))
	e.auth.setPassword(e.opt.Username, e.opt.Password)
	if !e.opt.Old {
		e.seedRunner()
	}
}

// mustCreate stores an object of the emulator's own, which is valid by construction.
func (e *Endpoint) mustCreate(prefix string, o object) {
	if _, err := e.create("system", prefix, o); err != nil {
		panic("emulator: " + err.Error())
	}
}

// create stores a new object and tells the listeners.
func (e *Endpoint) create(principal, prefix string, o object) (object, *models.Error) {
	if keyField(prefix) == "Uuid" {
		if id, _ := o["Uuid"].(string); uuid.Parse(id) == nil {
			o["Uuid"] = uuid.New()
		}
	}
	full, err := e.valid(prefix, o)
	if err != nil {
		return nil, err
	}
	if _, has := full["ReadOnly"]; has {
		full["ReadOnly"] = false
	}
	key := keyOf(prefix, full)
	e.writes.Lock()
	exists := e.store.find(prefix, key) != nil
	if !exists {
		e.store.put(prefix, key, full)
	}
	e.writes.Unlock()
	if exists {
		return nil, &models.Error{Model: prefix, Key: key, Type: "CREATE", Code: http.StatusConflict,
			Messages: []string{"already exists"}}
	}
	e.publish(principal, prefix, "create", key, full, nil)
	return full, nil
}

// valid brings an object into the form of its type and checks it and its params.
func (e *Endpoint) valid(prefix string, o object) (object, *models.Error) {
	raw, _ := json.Marshal(o) // what came out of JSON goes into JSON
	full, err := normalize(prefix, raw)
	if err == nil {
		err = e.checkParams(prefix, full)
	}
	return full, err
}

// edit changes an object as one step and does what follows from it.
func (e *Endpoint) edit(principal, prefix, key string, change func(object) *models.Error) (object, *models.Error) {
	was, is, err := e.update(principal, prefix, key, change)
	if err == nil && prefix == "plugins" {
		e.host.pluginChanged(was, is)
		is = e.store.find(prefix, key)
	}
	return is, err
}

// update changes an object as one step and tells the listeners; it returns the object before and
// after.
func (e *Endpoint) update(principal, prefix, key string, change func(object) *models.Error) (was, is object, err *models.Error) {
	e.writes.Lock()
	was, err = e.store.writableObject(prefix, key)
	if err == nil {
		is, err = e.changed(prefix, key, was, change)
	}
	if err == nil {
		e.store.put(prefix, key, is)
	}
	e.writes.Unlock()
	if err == nil {
		e.publish(principal, prefix, "update", key, is, was)
	}
	return was, is, err
}

// changed is what an edit makes of an object.
func (e *Endpoint) changed(prefix, key string, was object, change func(object) *models.Error) (object, *models.Error) {
	is := copyObject(was)
	if err := change(is); err != nil {
		return nil, err
	}
	is, err := e.valid(prefix, is)
	if err == nil && keyOf(prefix, is) != key {
		err = &models.Error{Model: prefix, Key: key, Type: "PATCH", Code: http.StatusConflict,
			Messages: []string{"the key of an object cannot change"}}
	}
	return is, err
}

// delete removes an object and tells the listeners.
func (e *Endpoint) delete(principal, prefix, key string) (object, *models.Error) {
	e.writes.Lock()
	was, err := e.store.writableObject(prefix, key)
	if err == nil {
		e.store.remove(prefix, key)
	}
	e.writes.Unlock()
	if err == nil {
		e.publish(principal, prefix, "delete", key, was, nil)
	}
	return was, err
}

// sameField reports whether two versions of an object agree in a field.
func sameField(a, b object, field string) bool { return reflect.DeepEqual(a[field], b[field]) }
