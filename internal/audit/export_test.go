package audit

// SelectReadings is the statement of the access log.
const SelectReadings = selectReadings
