package emulator

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/gofunky/semver"
	"gitlab.com/rackn/provision/v4/models"
	drpstore "gitlab.com/rackn/provision/v4/store"
)

// loadProviderContent loads the content that a provider carries as a layer named like it. The
// provider's Meta is filled from the bundle's, which the old server does not do.
func (e *Endpoint) loadProviderContent(def *models.PluginProvider, replaceWritable bool) error {
	content := &models.Content{}
	if def.Content != "" {
		if err := drpstore.YamlCodec.Decode([]byte(def.Content), content); err != nil {
			return fmt.Errorf("bad content of %s: %w", def.Name, err)
		}
	}
	if !e.opt.Old {
		if _, err := def.Store(); err != nil {
			return err
		}
	}
	content.Fill()
	content.Meta.Name, content.Meta.Version, content.Meta.Type = def.Name, def.Version, "plugin"
	return e.loadContent(content, replaceWritable)
}

// loadContent makes a bundle a read-only layer, replacing the layer of its name.
func (e *Endpoint) loadContent(content *models.Content, replaceWritable bool) error {
	if err := e.checkPrerequisites(content); err != nil {
		return err
	}
	l := &layer{content: content, objects: map[string]map[string]object{}}
	for prefix, section := range content.Sections {
		if !e.store.knows(prefix) {
			continue // counted, and otherwise ignored
		}
		l.objects[prefix] = map[string]object{}
		for key, value := range section {
			raw, err := json.Marshal(value)
			if err != nil {
				return err
			}
			o, bad := normalize(prefix, raw)
			if bad != nil {
				return fmt.Errorf("%s %s: %w", prefix, key, bad)
			}
			o["ReadOnly"], o["Bundle"] = true, content.Meta.Name
			l.objects[prefix][key] = o
		}
	}
	return e.store.addLayer(l, replaceWritable)
}

// checkPrerequisites checks what a bundle needs of the server and of other bundles.
func (e *Endpoint) checkPrerequisites(content *models.Content) error {
	info := e.info()
	features := stringsOf(info["features"])
	for feature := range strings.SplitSeq(content.Meta.RequiredFeatures, ",") {
		feature = strings.TrimSpace(feature)
		if feature != "" && !slices.ContainsFunc(features, func(f string) bool { return strings.EqualFold(f, feature) }) {
			return fmt.Errorf("content %s requires missing feature %s", content.Meta.Name, feature)
		}
	}
	needed, err := models.ParseContentPrerequisites(content.Meta.Prerequisites)
	if err != nil {
		return err
	}
	for name, inRange := range needed {
		l := e.store.layer(name)
		if l == nil {
			return fmt.Errorf("content %s requires content %s", content.Meta.Name, name)
		}
		core, _, _ := strings.Cut(strings.TrimPrefix(cmp.Or(l.content.Meta.Version, "0.0.0"), "v"), "-")
		if version, err := semver.Parse(core); err != nil || !inRange(version) {
			return fmt.Errorf("content %s requires another version of %s than %s", content.Meta.Name, name, core)
		}
	}
	return nil
}

// layer returns the layer of a bundle, nil when there is none.
func (s *store) layer(name string) *layer {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.layers[name]
}

// addLayer stacks a layer. An object that another layer has is refused; so is a writable one,
// unless it may be replaced.
func (s *store) addLayer(l *layer, replaceWritable bool) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	name := l.content.Meta.Name
	for prefix, section := range l.objects {
		for key := range section {
			for other, ol := range s.layers {
				if other != name && ol.objects[prefix][key] != nil {
					return fmt.Errorf("%s: %s collides with the one of content %s", prefix, key, other)
				}
			}
			if s.writable[prefix][key] != nil && !replaceWritable {
				return fmt.Errorf("%s: %s collides with a writable object", prefix, key)
			}
		}
	}
	for prefix, section := range l.objects {
		for key := range section {
			delete(s.writable[prefix], key)
		}
	}
	s.layers[name] = l
	return nil
}

func (s *store) removeLayer(name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.layers, name)
}

// contents serves content bundles.
func (c *call) contents() {
	if len(c.path) > 2 {
		c.noRoute()
		return
	}
	name := "*"
	if len(c.path) == 2 {
		name = c.path[1]
	}
	switch method := c.r.Method; {
	case name == "*" && method == http.MethodGet:
		if c.need("contents", "list", name) {
			c.listContents()
		}
	case name == "*" && method == http.MethodPost, name != "*" && method == http.MethodPut:
		if c.need("contents", map[string]string{http.MethodPost: "create", http.MethodPut: "update"}[method], name) {
			c.uploadContent()
		}
	case name == "*":
		c.noRoute()
	default:
		c.oneContent(name)
	}
}

func (c *call) listContents() {
	list := []*models.ContentSummary{}
	c.e.store.mu.RLock()
	for _, l := range c.e.store.layers {
		list = append(list, summary(l.content))
	}
	c.e.store.mu.RUnlock()
	slices.SortFunc(list, func(a, b *models.ContentSummary) int { return cmp.Compare(a.Meta.Name, b.Meta.Name) })
	c.reply(http.StatusOK, list)
}

func (c *call) oneContent(name string) {
	l := c.e.store.layer(name)
	if l == nil {
		c.notFound("contents", name)
		return
	}
	switch c.r.Method {
	case http.MethodGet, http.MethodHead:
		if c.need("contents", "get", name) {
			c.reply(http.StatusOK, l.content)
		}
	case http.MethodDelete:
		if c.need("contents", "delete", name) {
			c.e.store.removeLayer(name)
			c.reply(http.StatusNoContent, nil)
		}
	default:
		c.noRoute()
	}
}

func (c *call) uploadContent() {
	content := &models.Content{}
	if !c.decode(content) {
		return
	}
	content.Fill()
	exists := c.e.store.layer(content.Meta.Name) != nil
	var err error
	if exists && c.r.Method == http.MethodPost {
		err = fmt.Errorf("content %s already exists", content.Meta.Name)
	} else {
		err = c.e.loadContent(content, c.wants("replaceWritable"))
	}
	if err != nil {
		c.fail(&models.Error{Model: "contents", Key: content.Meta.Name, Type: "STORE_ERROR",
			Code: http.StatusUnprocessableEntity, Messages: []string{err.Error()}})
		return
	}
	code := http.StatusCreated
	if exists {
		code = http.StatusOK
	}
	c.reply(code, summary(content))
}

// summary counts the objects of a bundle.
func summary(content *models.Content) *models.ContentSummary {
	s := &models.ContentSummary{Meta: content.Meta}
	s.Fill()
	s.Meta.Type = cmp.Or(s.Meta.Type, "dynamic")
	for prefix, section := range content.Sections {
		s.Counts[prefix] = len(section)
	}
	return s
}
