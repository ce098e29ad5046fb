package httpapi

// What is tested apart from the door.
var (
	ClientIP = clientIP
	SaneID   = saneID
	TraceID  = traceID
)

// MaxFaults of an answer.
const MaxFaults = maxFaults
