package postgres

// Migrations has the files of this build's schema.
var Migrations = migrations
