package trace

import "time"

// Socket is what happened on the websocket after the upgrade.
type Socket struct {
	Register *Exchange // register and its acknowledgement; nil with Plain
	Event    *Event    // an event posted over REST and its arrival; nil with Plain
	Ping     *Exchange
	Close    *Exchange    // our close frame and its answer
	Limit    int64        // bytes, the largest message that we take
	Messages int          // data messages received
	Bytes    int64        // received after the upgrade
	End      *End         // how the socket ended before we closed it; nil when it lived
	Faults   []FrameFault // frames that RFC 6455 forbids, in their order, at most 16
	Frames   []Frame      // the first frames in either direction, at most 32
}

// Exchange is something sent over the socket and what was to come back.
type Exchange struct {
	Sent     bool
	Answered bool
	Took     time.Duration // from sending to the answer
	Code     int           // Close: the code of the answering close frame; 1005 when it had none
	Error    string
}

// Event is the round trip of an event of our own.
type Event struct {
	Status  int    // of POST /api/v3/events; 204 is right, 0 when no answer came
	Error   string // why the POST failed
	Arrived bool
	Took    time.Duration // from the POST's first byte to the event's arrival
}

// End is how a websocket ended other than by our own close.
type End struct {
	Stage    StageName     // under which stage
	Close    *CloseFrame   // the server's close frame; nil when none came
	Manner   Ending        // how the connection itself ended
	Alert    int           // TLS alert, -1 when none
	Held     time.Duration // since the upgrade
	QuietIn  time.Duration // since the last byte from the server
	QuietOut time.Duration // since our last byte
	TooLarge bool          // we ended it: a message beyond Socket.Limit
	Survived time.Duration // the longest silence, of both directions, that the socket outlived
	MidFrame bool          // the connection ended inside a frame
	Error    string
}

// CloseFrame is a close frame as it stood on the wire (RFC 6455 section 5.5.1).
type CloseFrame struct {
	Code    int    // 1005 when the payload was empty: no code stood there
	Reason  []byte // at most 123 bytes on the wire; more only when the frame itself was too long
	OneByte bool   // the payload was a single byte
	BadUTF8 bool   // the reason is not UTF-8
}

// Frame is the header of one frame on the wire.
type Frame struct {
	At     time.Duration // since the upgrade
	Sent   bool          // by us
	Opcode byte
	Fin    bool
	Length int64
}

// FrameFaultKind names what RFC 6455 forbids in a frame.
type FrameFaultKind string

// The kinds of frame fault.
const (
	FrameMasked       FrameFaultKind = "masked"             // section 5.1: a server must not mask
	FrameRSV          FrameFaultKind = "reserved-bit"       // section 5.2
	FrameOpcode       FrameFaultKind = "reserved-opcode"    // section 5.2
	FrameControlLong  FrameFaultKind = "control-too-long"   // section 5.5: over 125 bytes
	FrameControlSplit FrameFaultKind = "control-fragmented" // section 5.5
	FrameLength       FrameFaultKind = "length-not-minimal" // section 5.2
	FrameLengthTop    FrameFaultKind = "length-top-bit"     // section 5.2: 64-bit length with the top bit set
	FrameContinuation FrameFaultKind = "stray-continuation" // section 5.4: a continuation of nothing
	FrameInterleaved  FrameFaultKind = "interleaved"        // section 5.4: a new data frame inside a message
	FrameAfterClose   FrameFaultKind = "data-after-close"   // section 5.5.1
	FrameUTF8         FrameFaultKind = "invalid-utf8"       // section 8.1: text that is not UTF-8
	FrameCloseOneByte FrameFaultKind = "close-one-byte"     // section 5.5.1
	FrameCloseUTF8    FrameFaultKind = "close-invalid-utf8" // section 5.5.1
	FrameCloseCode    FrameFaultKind = "close-invalid-code" // section 7.4
)

// FrameFault is one such violation.
type FrameFault struct {
	Kind   FrameFaultKind
	Opcode byte
	RSV    byte   // the reserved bits, RSV1 as 4, RSV2 as 2, RSV3 as 1
	Number int    // of the frame among the server's, from 0
	Detail string // the offending value, for people
	Stage  StageName
}
