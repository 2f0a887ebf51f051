// Package deploy holds what runs Tallystick elsewhere than on a developer's
// machine: unit, manifests, compose files, dashboard and alerts. Its tests hold
// them against the program: flags, settings and metrics that are not there fail.
package deploy
