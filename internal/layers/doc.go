// Package layers holds the test that keeps the house in order: which package may
// import which, and what each public package brings along from outside. The
// layers are drawn in ARCHITECTURE.md.
package layers
