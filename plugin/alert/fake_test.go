package alert

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"time"
)

// uniqueness is what a server makes of ?unique=true; the documents disagree.
type uniqueness int

const (
	reuses  uniqueness = iota // an open alert of that name is used and keeps its text
	ignored                   // there is always a new one
)

// fakeStore is a DRP server's alerts in memory.
type fakeStore struct {
	now       func() time.Time
	unique    uniqueness
	alerts    []*Alert
	created   int           // how often an alert was made
	down      error         // every call fails
	failAfter int           // calls until the next one fails; negative: none does
	afterList func()        // runs once, between a list and what its caller makes of it
	calls     []string      // verbs with names, for tables
	touched   func(a Alert) // sees every change to an alert
}

var errDown = errors.New("connection refused")

func (f *fakeStore) fail() error {
	if f.down != nil {
		return f.down
	}
	if f.failAfter--; f.failAfter == 0 {
		return errDown
	}
	return nil
}

func (f *fakeStore) List(_ context.Context, acknowledged bool) ([]Alert, error) {
	if err := f.fail(); err != nil {
		return nil, err
	}
	var list []Alert
	for _, a := range f.alerts {
		if a.Acknowledged == acknowledged {
			list = append(list, copied(*a))
		}
	}
	if hook := f.afterList; hook != nil {
		f.afterList = nil
		hook()
	}
	return list, nil
}

func (f *fakeStore) Create(_ context.Context, a Alert) (Alert, error) {
	if err := f.fail(); err != nil {
		return Alert{}, err
	}
	if f.unique == reuses {
		for _, old := range f.alerts {
			if old.Name == a.Name && !old.Acknowledged {
				return copied(*old), nil
			}
		}
	}
	f.created++
	f.calls = append(f.calls, "create "+a.Name)
	a.UUID, a.Time = fmt.Sprintf("id-%d", len(f.alerts)), f.now()
	f.alerts = append(f.alerts, new(copied(a)))
	return a, nil
}

func (f *fakeStore) Update(_ context.Context, a Alert) error {
	if err := f.fail(); err != nil {
		return err
	}
	old, err := f.find(a.UUID)
	if err != nil {
		return err
	}
	if old.Acknowledged != a.Acknowledged {
		return errors.New("409 test failed")
	}
	f.calls = append(f.calls, "update "+old.Name)
	if f.touched != nil {
		f.touched(*old)
	}
	old.Level, old.Contents, old.Note = a.Level, a.Contents, a.Note
	maps.Copy(old.Params, copied(a).Params)
	return nil
}

func (f *fakeStore) Acknowledge(_ context.Context, uuid string) error {
	if err := f.fail(); err != nil {
		return err
	}
	a, err := f.find(uuid)
	if err != nil {
		return err
	}
	f.calls = append(f.calls, "acknowledge "+a.Name)
	if f.touched != nil {
		f.touched(*a)
	}
	a.Acknowledged, a.AcknowledgeTime = true, f.now()
	return nil
}

func (f *fakeStore) find(uuid string) (*Alert, error) {
	for _, a := range f.alerts {
		if a.UUID == uuid {
			return a, nil
		}
	}
	return nil, errors.New("404 not found")
}

// open lists the open alerts of that name.
func (f *fakeStore) open(name string) []*Alert {
	var list []*Alert
	for _, a := range f.alerts {
		if a.Name == name && !a.Acknowledged {
			list = append(list, a)
		}
	}
	return list
}

func copied(a Alert) Alert {
	a.Params = maps.Clone(a.Params)
	return a
}
