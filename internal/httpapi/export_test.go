package httpapi

// What is tested apart from the door.
var (
	CheckJSON = checkJSON
	ClientIP  = clientIP
	SaneID    = saneID
	TraceID   = traceID
)

// MaxFaults of an answer.
const MaxFaults = maxFaults
