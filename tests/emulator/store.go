package emulator

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"sync"

	"gitlab.com/rackn/provision/v4/models"
)

// object is one DRP object as the fields of its JSON form.
type object = map[string]any

// oldTypes are the object types of the 3.8 server.
var oldTypes = []string{"bootenvs", "interfaces", "jobs", "leases", "machines", "params", "plugins",
	"plugin_providers", "preferences", "profiles", "reservations", "roles", "stages", "subnets",
	"tasks", "templates", "tenants", "users", "workflows"}

// layer is the content of one bundle: read-only, below the writable objects.
type layer struct {
	content *models.Content
	objects map[string]map[string]object
}

// store keeps the objects. What goes in and comes out is copied, so that callers may change it.
type store struct {
	mu       sync.RWMutex
	old      bool
	types    []string
	writable map[string]map[string]object
	layers   map[string]*layer
}

func newStore(old bool) *store {
	s := &store{old: old, types: oldTypes, writable: map[string]map[string]object{}, layers: map[string]*layer{}}
	if !old {
		s.types = models.AllPrefixes()
	}
	for _, t := range s.types {
		s.writable[t] = map[string]object{}
	}
	return s
}

// knows reports whether the server has objects of that type.
func (s *store) knows(prefix string) bool { return slices.Contains(s.types, prefix) }

// find returns an object by its key, nil when there is none.
func (s *store) find(prefix, key string) object {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return copyObject(s.lookup(prefix, key))
}

// lookup needs the lock.
func (s *store) lookup(prefix, key string) object {
	if o := s.writable[prefix][key]; o != nil {
		return o
	}
	for _, l := range s.layers {
		if o := l.objects[prefix][key]; o != nil {
			return o
		}
	}
	return nil
}

// load fills a model from the object of that key; it reports whether there is one.
func (s *store) load(prefix, key string, into any) bool {
	o := s.find(prefix, key)
	return o != nil && models.Remarshal(o, into) == nil
}

// list returns all objects of a type by key.
func (s *store) list(prefix string) []object {
	s.mu.RLock()
	defer s.mu.RUnlock()
	all := maps.Clone(s.writable[prefix])
	for _, l := range s.layers {
		maps.Copy(all, l.objects[prefix])
	}
	res := make([]object, 0, len(all))
	for _, key := range slices.Sorted(maps.Keys(all)) {
		res = append(res, copyObject(all[key]))
	}
	return res
}

// readOnly is the error for an object of a content layer.
func readOnly(prefix, key string) *models.Error {
	return &models.Error{Model: prefix, Key: key, Type: "ReadOnly", Code: http.StatusForbidden,
		Messages: []string{"readonly: " + prefix + "/" + key + " belongs to a content bundle"}}
}

// writableObject returns an object that may be changed, or the error of one that may not.
func (s *store) writableObject(prefix, key string) (object, *models.Error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if o := s.writable[prefix][key]; o != nil {
		return copyObject(o), nil
	}
	if s.lookup(prefix, key) != nil {
		return nil, readOnly(prefix, key)
	}
	return nil, &models.Error{Model: prefix, Key: key, Type: "GET", Code: http.StatusNotFound,
		Messages: []string{"Not Found"}}
}

// put stores a writable object.
func (s *store) put(prefix, key string, o object) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.writable[prefix][key] = copyObject(o)
}

// remove deletes a writable object.
func (s *store) remove(prefix, key string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.writable[prefix], key)
}

// normalize brings raw JSON into the form of its type, as the server does with whatever it is
// sent: fields that the type does not have are dropped, missing ones added, names checked.
func normalize(prefix string, raw []byte) (object, *models.Error) {
	model, _ := models.New(prefix) // never fails
	if err := json.Unmarshal(raw, model); err != nil {
		return nil, &models.Error{Model: prefix, Type: "POST", Code: http.StatusBadRequest, Messages: []string{err.Error()}}
	}
	model.Fill()
	if v, ok := model.(models.Validator); ok {
		v.ClearValidation()
		v.Validate()
		if err := v.HasError(); err != nil {
			return nil, &models.Error{Model: prefix, Key: model.Key(), Type: "ValidationError",
				Code: http.StatusUnprocessableEntity, Messages: []string{err.Error()}}
		}
	}
	if v, ok := model.(models.ValidateSetter); ok {
		v.SetValid()
		v.SetAvailable()
	}
	return fields(model), nil
}

// fields turns a model into its JSON fields.
func fields(model any) object {
	o := object{}
	if err := models.Remarshal(model, &o); err != nil {
		panic(fmt.Sprintf("emulator: a model that is no JSON object: %v", err))
	}
	return o
}

func copyObject(o object) object {
	if o == nil {
		return nil
	}
	return fields(o)
}

// keyField names the key of a type.
func keyField(prefix string) string {
	model, _ := models.New(prefix)
	return model.KeyName()
}

func keyOf(prefix string, o object) string {
	key, _ := o[keyField(prefix)].(string)
	return key
}

// newerFields came after the 3.8 server, by object type and for all types ("").
var newerFields = map[string][]string{
	"":                 {"Bundle", "Endpoint", "Partial"},
	"plugins":          {"Documentation"},
	"profiles":         {"Documentation", "Profiles"},
	"params":           {"Secure"},
	"plugin_providers": {"AutoStart", "StoreObjects", "Documentation"},
}

// present drops the fields that the emulated server does not have.
func (s *store) present(prefix string, o object) object {
	if s.old && o != nil {
		for _, field := range slices.Concat(newerFields[""], newerFields[prefix]) {
			delete(o, field)
		}
	}
	return o
}
