package audit

// SelectReadings is the statement of the access log.
const SelectReadings = selectReadings

// Readings are the actions of the access log.
var Readings = readings
