package httpapi

// Functions that have unit tests.
var (
	ClientIP  = clientIP
	IsValidID = isValidID
	TraceID   = traceID
)

// MaxFaults is maxFaults.
const MaxFaults = maxFaults

// BodySizes returns the size of the largest body of each operation.
func (a *API) BodySizes() map[string]bodySize {
	all := map[string]bodySize{}
	for _, op := range a.Operations {
		if op.RawBody == nil {
			all[op.ID] = a.bodySizeOf(op)
		}
	}
	return all
}

// Bytes, Values and IsUnbounded export the fields of a size.
func (b bodySize) Bytes() int64      { return b.bytes }
func (b bodySize) Values() int       { return b.values }
func (b bodySize) IsUnbounded() bool { return b.isUnbounded }
