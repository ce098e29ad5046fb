package audit

// SelectReadings is the statement of the access log.
const SelectReadings = selectReadings

// Readings are the actions of the access log.
var Readings = readings

// MonthsLock is the key of the lock under which months of the log are dropped.
const MonthsLock = monthsLock

// ParseEntry returns the entry of a leaf.
var ParseEntry = parseEntry

// KeysOf returns the keys by which the entry of a leaf can be found in a file.
func KeysOf(leaf []byte) ([]string, error) { return new(keyScanner).keys(leaf) }

// RunExport runs the job that makes an export.
var RunExport = (*Service).makeExport
