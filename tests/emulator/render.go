package emulator

import (
	"fmt"
	"strings"
	"text/template"

	"github.com/Masterminds/sprig/v3"
	"gitlab.com/rackn/provision/v4/models"
)

// renderData is what a task's templates see as ".": the machine, the work order, and params
// resolved through both.
type renderData struct {
	e         *Endpoint
	tree      *template.Template
	Machine   *models.Machine
	WorkOrder *models.WorkOrder
	Task      *models.Task
}

// Param resolves a param; asking for one without any value is an error.
func (d *renderData) Param(name string) (any, error) {
	if value, ok := d.param(name); ok {
		return value, nil
	}
	return nil, fmt.Errorf("no such machine parameter %s", name)
}

// ParamExists reports whether a param has a value.
func (d *renderData) ParamExists(name string) bool {
	_, ok := d.param(name)
	return ok
}

// ParamExpand resolves a param and renders its value as a template.
func (d *renderData) ParamExpand(name string) (any, error) {
	value, err := d.Param(name)
	if text, ok := value.(string); ok && err == nil {
		return d.expand(name, text)
	}
	return value, err
}

// param looks at the work order first, then at the machine, whose profiles come after its params.
func (d *renderData) param(name string) (any, bool) {
	if d.WorkOrder != nil {
		order := fields(d.WorkOrder)
		if value, ok := paramsOf(order)[name]; ok {
			return d.e.unseal(value), true
		}
		for _, profile := range d.WorkOrder.Profiles {
			if value, ok := paramsOf(d.e.store.find("profiles", profile))[name]; ok {
				return d.e.unseal(value), true
			}
		}
	}
	if d.Machine != nil {
		return d.e.paramOf(fields(d.Machine), name)
	}
	return d.e.paramOf(object{}, name)
}

// ApiURL is where the API is.
func (d *renderData) ApiURL() string { return d.e.URL() }

// ProvisionerURL is where the HTTP file server is.
func (d *renderData) ProvisionerURL() string { return d.e.FileURL() }

// GenerateToken makes a token for the machine.
func (d *renderData) GenerateToken() string {
	return d.e.MachineToken(d.Machine.Key(), jobTokenLife)
}

// Info is what the endpoint says of itself.
func (d *renderData) Info() object { return d.e.info() }

func (d *renderData) expand(name, text string) (string, error) {
	tree, err := d.tree.Clone()
	if err == nil {
		tree, err = tree.New(name).Parse(text)
	}
	if err != nil {
		return "", err
	}
	var out strings.Builder
	err = tree.Execute(&out, d)
	return out.String(), err
}

// templates parses the template objects, so that tasks can call them by name.
func (e *Endpoint) templates() (*template.Template, error) {
	funcs := sprig.TxtFuncMap()
	funcs["get"] = get
	tree := template.New("").Funcs(funcs).Option("missingkey=error")
	for _, o := range e.store.list("templates") {
		id, _ := o["ID"].(string)
		contents, _ := o["Contents"].(string)
		if _, err := tree.New(id).Parse(contents); err != nil {
			return nil, err
		}
	}
	return tree, nil
}

// get is sprig's, for the string maps of DRP's own types too.
func get(m any, key string) any {
	switch m := m.(type) {
	case models.Meta:
		return m[key]
	case object:
		return m[key]
	}
	return nil
}

// render renders the templates of a job's task.
func (e *Endpoint) render(job *models.Job) (models.JobActions, error) {
	tree, err := e.templates()
	if err != nil {
		return nil, err
	}
	d := &renderData{e: e, tree: tree, Machine: &models.Machine{}, WorkOrder: &models.WorkOrder{}, Task: &models.Task{}}
	e.store.load("machines", job.Machine.String(), d.Machine)
	e.store.load("work_orders", job.WorkOrder.String(), d.WorkOrder)
	if !e.store.load("tasks", job.Task, d.Task) {
		return nil, fmt.Errorf("no task %s", job.Task)
	}
	for _, name := range d.Task.RequiredParams {
		if !d.ParamExists(name) {
			return nil, fmt.Errorf("missing required parameter %s", name)
		}
	}
	actions := models.JobActions{}
	for _, t := range d.Task.Templates {
		action, err := d.action(t)
		if err != nil {
			return nil, fmt.Errorf("template %s: %w", t.Name, err)
		}
		actions = append(actions, action)
	}
	return actions, nil
}

func (d *renderData) action(t models.TemplateInfo) (*models.JobAction, error) {
	contents := t.Contents
	if contents == "" && t.ID != "" {
		contents = fmt.Sprintf("{{template %q .}}", t.ID)
	}
	path, err := d.expand(t.Name+".path", t.Path)
	if err != nil {
		return nil, err
	}
	text, err := d.expand(t.Name, contents)
	if err != nil {
		return nil, err
	}
	meta := t.Meta
	if meta == nil {
		meta = map[string]string{}
	}
	return &models.JobAction{Name: t.Name, Path: path, Content: text, Meta: meta}, nil
}
