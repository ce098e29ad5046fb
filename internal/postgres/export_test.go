package postgres

// Migrations are the files of this build's schema.
var Migrations = migrations
