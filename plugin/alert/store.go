package alert

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"gitlab.com/rackn/provision/v4/api"
	"gitlab.com/rackn/provision/v4/models"
)

// Store is where alerts are kept. Every method ends when its context does.
type Store interface {
	// List returns our alerts that are acknowledged, or those that are not, each once.
	List(ctx context.Context, acknowledged bool) ([]Alert, error)
	// Create makes an alert and returns it as it is then; that may be an older one of the same
	// name, which some servers use in its place.
	Create(ctx context.Context, a Alert) (Alert, error)
	// Update makes level, contents, note and params of the alert with a.UUID those of a. It fails when
	// somebody has acknowledged the alert in the meantime: that must not be written over.
	Update(ctx context.Context, a Alert) error
	// Acknowledge marks the alert as dealt with.
	Acknowledge(ctx context.Context, uuid string) error
}

// Why a store did not do as it was told, where that matters to the caller.
var (
	ErrUnsupported = errors.New("the server knows no alerts")
	ErrRefused     = errors.New("the server refuses the plugin's token")
)

// callTimeout is the deadline of one request.
const callTimeout = 3 * time.Second

// Server is the store behind the API of a DRP server.
type Server struct{ client *api.Client }

// NewServer returns the store behind client.
func NewServer(client *api.Client) *Server { return &Server{client: client} }

// What a list asks for at a time, and how often: acknowledged alerts pile up over the years, those of
// others too.
const (
	pageSize = 500
	maxPages = 200
)

// List asks for the alerts of every name, as the pattern filters differ between versions, and keeps
// ours.
func (s *Server) List(ctx context.Context, acknowledged bool) ([]Alert, error) {
	var mine []Alert
	seen := map[string]bool{} // what is made meanwhile moves alerts from one page to the next
	for page := range maxPages {
		list, err := s.page(ctx, acknowledged, page*pageSize)
		if err != nil {
			return nil, err
		}
		for _, a := range list {
			if a.ours() && !seen[a.UUID] {
				seen[a.UUID] = true
				mine = append(mine, a)
			}
		}
		if len(list) != pageSize { // the last one; or all of them, from a server that knows no pages
			break
		}
	}
	return mine, nil
}

func (s *Server) page(ctx context.Context, acknowledged bool, offset int) ([]Alert, error) {
	var list []Alert
	err := do(ctx, s.client.Req().Filter("alerts", "Acknowledged", "Eq", strconv.FormatBool(acknowledged),
		"limit", strconv.Itoa(pageSize), "offset", strconv.Itoa(offset)), &list)
	if code := status(err); code == http.StatusNotFound || code == http.StatusMethodNotAllowed {
		return nil, fmt.Errorf("%w (%d for /alerts)", ErrUnsupported, code)
	}
	return list, err
}

// Create asks for a single alert of that name. What servers make of that differs, so it is asked
// for only when none is open, and what comes back is to be compared.
func (s *Server) Create(ctx context.Context, a Alert) (Alert, error) {
	var made Alert
	err := do(ctx, s.client.Req().Post(a).UrlFor("alerts").Params("unique", "true"), &made)
	return made, err
}

// patch is one step of a JSON patch (RFC 6902).
type patch struct {
	Op    string `json:"op"`
	Path  string `json:"path"`
	Value any    `json:"value"`
}

// Update patches the alert, param by param: what others keep with it stays. "add" replaces a member
// that is there.
func (s *Server) Update(ctx context.Context, a Alert) error {
	steps := []patch{
		{"test", "/Acknowledged", a.Acknowledged},
		{"add", "/Level", a.Level},
		{"add", "/Contents", a.Contents},
		{"add", "/Note", a.Note},
	}
	pointer := strings.NewReplacer("~", "~0", "/", "~1") // RFC 6901
	for _, key := range slices.Sorted(maps.Keys(a.Params)) {
		steps = append(steps, patch{"add", "/Params/" + pointer.Replace(key), a.Params[key]})
	}
	return do(ctx, s.client.Req().Meth(http.MethodPatch).UrlFor("alerts", a.UUID).Body(steps), nil)
}

// Acknowledge posts the alert's acknowledgement, as drpcli alerts ack does.
func (s *Server) Acknowledge(ctx context.Context, uuid string) error {
	return do(ctx, s.client.Req().Post(map[string]any{}).UrlFor("alerts", uuid, "acknowledge"), nil)
}

// do makes one request, once, and names the errors that matter.
func do(ctx context.Context, request *api.R, out any) error {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	err := request.Context(ctx).FailFast().Do(out)
	if code := status(err); code == http.StatusUnauthorized || code == http.StatusForbidden {
		return fmt.Errorf("%w (%d)", ErrRefused, code)
	}
	return err
}

// status is the HTTP status behind an error of the API; 0 when there was no answer.
func status(err error) int {
	if answer, ok := errors.AsType[*models.Error](err); ok {
		return answer.Code
	}
	return 0
}
