package plugin

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"sync"
	"time"

	"github.com/sirupsen/logrus"
	"gitlab.com/rackn/logger"
	"gitlab.com/rackn/provision/v4/models"
	sdk "gitlab.com/rackn/provision/v4/plugin"

	"ws-diagnose/plugin/alert"
	"ws-diagnose/plugin/probe"
	"ws-diagnose/plugin/trace"
	"ws-diagnose/plugin/watch"
)

// stopTimeout is how long an orderly end may take; the SDK ends the process right after it.
const stopTimeout = 1500 * time.Millisecond

// service is the plugin under one configuration, from Config to the next Config or Stop.
type service struct {
	settings Settings
	version  string
	vantage  string // host name of this machine
	endpoint string // RS_ENDPOINT
	token    string // RS_TOKEN, the superuser's
	server   *server
	log      *logrus.Logger
	outbox   *outbox
	check    func(context.Context, trace.Target, probe.Options) *trace.Trace
	flights  flights
	keeper   *alert.Keeper
	notebook *notebook
	sockets  *watch.Group // what is watched; nothing where Settings.Watch is off

	life context.Context // ends with the service
	end  context.CancelFunc
	busy sync.WaitGroup
}

// newService makes the service for settings. What former, if there is one, has yet to tell and what
// it remembers goes on in the new one.
func newService(s Settings, version, endpoint, token string, l logger.Logger, former *service) (*service, error) {
	server, err := connect(serverPort(endpoint), token)
	if err != nil {
		return nil, err
	}
	vantage, err := os.Hostname()
	if err != nil {
		vantage = "unknown"
	}
	sv := &service{settings: s, version: version, vantage: vantage, endpoint: endpoint, token: token,
		server: server, outbox: newOutbox(), check: probe.Check, notebook: &notebook{}, sockets: watch.NewGroup()}
	sv.log = newLog(l, sv.outbox)
	sv.life, sv.end = context.WithCancel(context.Background())
	if former != nil {
		former.stop()
		sv.notebook, sv.keeper = former.notebook, former.keeper
		sv.keeper.Configure(sv.keeping())
	} else {
		sv.keeper = alert.NewKeeper(sv.keeping())
	}
	return sv, nil
}

// keeping is what the alerts are kept with.
func (sv *service) keeping() alert.Options {
	return alert.Options{
		Store:    alert.NewServer(sv.server.client),
		Settings: alert.Settings{ConfirmRuns: sv.settings.ConfirmRuns, AutoAcknowledge: sv.settings.AutoAcknowledge},
		Log:      sv.log,
		Publish: func(e alert.Event) bool {
			return sv.outbox.put(func() { sdk.Publish(Name, e.Action, e.Key, e.Object) })
		},
	}
}

// start begins the plugin's own schedule.
func (sv *service) start() {
	sv.log.Infof("configured: %d endpoints of users, own runs every %v", len(sv.settings.Endpoints), sv.settings.Interval)
	if sv.settings.Interval > 0 {
		sv.busy.Go(func() { sv.ownRuns().beat(sv.life) })
	}
	if sv.settings.Watch {
		sv.busy.Go(sv.watch)
	}
}

// stop ends what runs, and waits for it a little.
func (sv *service) stop() {
	sv.flights.mu.Lock() // no run begins after this
	sv.end()
	sv.flights.mu.Unlock()
	done := make(chan struct{})
	go func() {
		sv.busy.Wait()
		close(done)
	}()
	select {
	case <-done:
	case <-time.After(stopTimeout):
	}
	sv.server.close()
	sv.outbox.close()
}

// act runs the check for an action.
func (sv *service) act(action *models.Action) (json.RawMessage, *models.Error) {
	asked := time.Now()
	settings, err := sv.settings.tune(action.Params)
	if err != nil {
		return nil, failure(http.StatusBadRequest, err)
	}
	q := question{settings: settings, startedBy: sv.startedBy(settings.WorkOrder), asked: asked}
	if q.endpoint, err = remoteEndpoint(action.Model); err != nil {
		return nil, failure(http.StatusBadRequest, err)
	}
	if q.endpoint != nil {
		q.settings.Target = "" // there is but one
	}
	result, err := sv.run(q)
	switch {
	case errors.Is(err, errBusy):
		return nil, failure(http.StatusTooManyRequests, err)
	case errors.Is(err, errStopped):
		return nil, failure(http.StatusServiceUnavailable, err)
	case errors.Is(err, errFault):
		return nil, failure(http.StatusInternalServerError, err)
	case err != nil:
		return nil, failure(http.StatusBadRequest, err)
	}
	return result.encode(), nil
}

// remoteEndpoint is the endpoint that an action on an object of type endpoints is about, nil for
// every other type, whose content does not matter. Objects of that type alone have an Id, but
// neither a Uuid nor a Name.
func remoteEndpoint(model any) (*trace.Target, error) {
	object, _ := model.(map[string]any)
	id, _ := object["Id"].(string)
	if id == "" || object["Uuid"] != nil || object["Name"] != nil {
		return nil, nil
	}
	params, _ := object["Params"].(map[string]any)
	url, _ := params["manager/url"].(string)
	if url == "" {
		return nil, fmt.Errorf("endpoint %s has no param manager/url: it says where the endpoint is", shown(id))
	}
	target, err := probe.ParseTarget(url, false)
	if err != nil {
		return nil, fmt.Errorf("param manager/url of endpoint %s: %w", shown(id), err)
	}
	return &target, nil
}
