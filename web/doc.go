// Package web is netelf's page: many servers' event logs in a browser.
//
// The page is a program of its own that runs in the browser and asks the HTTP
// API (package api) of the server it came from; this package hands out its files
// and knows nothing else. They are built from src and vendor by go generate, with
// esbuild as a Go tool, and lie in dist under names that never change, so that
// building netelf needs neither node nor a network.
//
// What an event says is an attacker's: the page puts it into text nodes alone,
// and the policy that goes with every file forbids scripts, styles and addresses
// other than its own.
//
// What is looked at stands in the address: Handler answers each of the page's
// addresses with the page.
package web

//go:generate go tool -modfile=../tools/go.mod esbuild src/main.tsx src/app.css --bundle --minify --format=esm --target=es2022 --legal-comments=none --jsx=automatic --jsx-import-source=preact --alias:preact=./vendor/preact/preact.mjs --alias:preact/hooks=./vendor/preact/hooks.mjs --alias:preact/jsx-runtime=./vendor/preact/jsxRuntime.mjs --alias:@preact/signals=./vendor/signals/signals.mjs --alias:@preact/signals-core=./vendor/signals/signals-core.mjs --alias:uplot=./vendor/uplot/uPlot.esm.js --entry-names=app --outdir=dist
