package diagnose

// watchFindings are about what the watcher saw over time.
var watchFindings = []Entry{{
	ID: "ws-idle-dropped", Level: LevelError, Stage: stageWatch,
	Title:    "the websocket is dropped after a silence of always the same length",
	Headline: "the websocket is dropped whenever it is silent for {silence}: an idle timeout",
	Seen: "Three times the connection ended after a silence of the same length, within 5 %, and no socket has outlived a longer " +
		"one since; or two sockets that were kept silent on purpose did.",
	User: "The portal works and turns red again and again: 1006 without an error event, after the same time without " +
		"activity.",
	Cause: "A proxy, load balancer or firewall on the way ends connections that are silent for so long. " +
		"DRP was seen to send a ping every 54 s: a silence beyond that says that its pings do not get through, or come later.",
	Remedy: idleSteps,
	Verify: "ws-diagnose watch holds the socket for longer than the silence it died of.",
	find:   wsIdleDropped,
}, {
	ID: "ws-flapping", Level: LevelError, Stage: stageWatch,
	Title:    "the websocket drops again and again",
	Headline: "the websocket dropped {drops} in the last hour",
	Seen:     "More than 3 drops within an hour, as the watcher saw them.",
	User:     "The portal's megaphone goes red and back; lists are loaded anew each time.",
	Cause: "The endpoint restarts in a loop, the network between is unstable, or a proxy is reloaded or overloaded. " +
		"The ways in which the connections ended tell which.",
	Remedy: []string{
		"journalctl -u dr-provision --since -1h --no-pager | grep -iE 'panic|starting|stopp'",
		"ws-diagnose watch {url}",
		"Look at the ends named above: refused connections in between mean restarts, resets and timeouts mean the network.",
		"worker_shutdown_timeout 24h;",
		"hard-stop-after 24h",
		"The lines are for nginx and HAProxy, where a short time there has each reload end all open sockets.",
	},
	Verify:     "The watcher reports no drop for an hour.",
	HeldBackBy: []string{"ws-idle-dropped"},
	find:       wsFlapping,
}, {
	ID: "events-lost", Level: LevelWarn, Stage: stageWatch,
	Title:    "events get lost while the socket is up",
	Headline: "{lost} of {total} events did not arrive while the socket was up",
	Seen:     "Numbered events of our own are missing or late, and the socket lived.",
	User:     "The portal is connected and misses changes: a machine's state stays old until the page is loaded anew.",
	Cause: "DRP keeps 256 messages for each socket and drops what comes beyond without a word: the reader or the link is " +
		"too slow for the flow of events, or the endpoint is overloaded.",
	Remedy: []string{
		"drpcli -E {api} events watch '*.*.*' | pv -l >/dev/null",
		"uptime",
		"Find what makes so many events (log levels at debug, jobs that save objects in loops), and calm it.",
		"Close portal tabs that nobody looks at, and load the portal anew to see the present state.",
	},
	Verify: "The watcher reports no lost event for an hour.",
	find:   eventsLost,
}}

// idleSteps are the lines for a timeout that is nobody's default.
var idleSteps = []string{
	idleNginx, idleHAProxy, idleApache, idleEnvoy, idleTraefik, idleAWS, idleAzure, idleGoogle,
	"Take the line for what stands in front of {hostport}: nginx, HAProxy, Apache, Envoy, Traefik, AWS, Azure, Google " +
		"Cloud, in this order. Each must be longer than the 54 s between DRP's pings.",
}

// The settings that hold a silent connection.
const (
	idleNginx   = "proxy_read_timeout 3600s;"
	idleHAProxy = "timeout tunnel 1h"
	idleApache  = "ProxyTimeout 3600"
	idleEnvoy   = "stream_idle_timeout: 0s"
	idleTraefik = "--entryPoints.websecure.transport.respondingTimeouts.idleTimeout=3600"
	idleAWS     = "aws elbv2 modify-load-balancer-attributes --load-balancer-arn ARN \\\n" +
		"  --attributes Key=idle_timeout.timeout_seconds,Value=3600"
	idleNLB = "aws elbv2 modify-listener-attributes --listener-arn ARN \\\n" +
		"  --attributes Key=tcp.idle_timeout.seconds,Value=3600"
	idleAzure  = "az network lb rule update --idle-timeout 30 -g GROUP --lb-name LB -n RULE"
	idleGoogle = "gcloud compute backend-services update SERVICE --timeout=3600"
)

// pluginFindings are about the plugin itself.
var pluginFindings = []Entry{{
	ID: "schedule-missed", Level: LevelWarn, Stage: stagePlugin,
	Title:    "the scheduled check does not run",
	Headline: "trigger {trigger} is enabled, but its last three runs did not come",
	Seen:     "The cron trigger is enabled, and three of its runs in a row did not come.",
	User:     "Nothing; but a fault would be noticed by the plugin's own interval alone, or not at all.",
	Cause: "The trigger's filter finds no machine (the self-runner is missing, locked, or not in work order mode), or its " +
		"work orders fail before the check begins.",
	Remedy: []string{
		"drpcli triggers show {trigger}",
		"drpcli work_orders list Blueprint=ws-diagnose sort=StartTime reverse=true limit=3",
		"drpcli machines list Params.self-runner=true slim=Params,Meta",
		"Bring the self-runner back into work order mode, or disable the trigger as follows.",
		"drpcli profiles set global param trigger/ws-diagnose-disabled to true",
	},
	Verify: "The next report names a scheduled run that was started by the trigger.",
	find:   scheduleMissed,
}}
