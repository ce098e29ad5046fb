package httpapi

// What is tested apart from the pipeline.
var (
	ClientIP = clientIP
	SaneID   = saneID
	TraceID  = traceID
)

// MaxFaults of an answer.
const MaxFaults = maxFaults

// BodySizes are what each operation takes: bytes and values, and whether its schema sets no limit somewhere.
func (a *API) BodySizes() map[string]bodySize {
	all := map[string]bodySize{}
	for _, op := range a.Operations {
		if op.RawBody == nil {
			all[op.ID] = a.sizeOf(op)
		}
	}
	return all
}

// Bytes, Values and Unbounded of a size.
func (b bodySize) Bytes() int64    { return b.bytes }
func (b bodySize) Values() int     { return b.values }
func (b bodySize) Unbounded() bool { return b.unbounded }
