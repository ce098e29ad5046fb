package analytics

// FirstInstant is tested directly: a clinic's clock can't reach the days on which zones change.
var FirstInstant = firstInstant
