package main

import (
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"netelf.example/eventlog"
	"netelf.example/render"
)

// completeFiles lets the shell complete names of files and folders.
func completeFiles(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	return nil, cobra.ShellCompDirectiveDefault
}

// completeTargets lets the shell complete the servers and groups of the configuration
// whose names begin with what is typed, and where there is none files and folders.
func (a *app) completeTargets(_ *cobra.Command, _ []string, typed string) ([]string, cobra.ShellCompDirective) {
	names := a.configuredNames(typed)
	if p, err := a.openPeople(); err == nil {
		for name := range p.Groups {
			if name = "@" + name; strings.HasPrefix(name, typed) {
				names = append(names, name)
			}
		}
	}
	slices.Sort(names)
	return names, cobra.ShellCompDirectiveDefault
}

// configuredNames are the servers of the configuration whose names begin so.
func (a *app) configuredNames(typed string) (names []string) {
	p, err := a.openPeople()
	if err != nil {
		return nil // what is wrong with it is said to who uses it
	}
	for name := range p.Servers {
		if strings.HasPrefix(name, typed) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// completeList completes a flag whose value is a list that commas separate.
func completeList(cmd *cobra.Command, flag string, values func() []string) {
	err := cmd.RegisterFlagCompletionFunc(flag, func(_ *cobra.Command, _ []string, typed string) ([]string, cobra.ShellCompDirective) {
		before := typed[:strings.LastIndexByte(typed, ',')+1]
		var all []string
		for _, v := range values() {
			all = append(all, before+v)
		}
		return all, cobra.ShellCompDirectiveNoFileComp
	})
	if err != nil {
		panic(err) // the flag is not there: a mistake in this program
	}
}

func formNames() []string {
	var names []string
	for f := render.Table; f <= render.XML; f++ {
		names = append(names, f.String())
	}
	return names
}

func schemaNames() []string {
	var names []string
	for s := render.Native; s <= render.OTel; s++ {
		names = append(names, s.String())
	}
	return names
}

func typeNames() []string {
	var names []string
	for _, t := range []eventlog.Type{
		eventlog.Error, eventlog.Warning, eventlog.Information, eventlog.AuditSuccess, eventlog.AuditFailure, eventlog.Success,
	} {
		names = append(names, strings.ReplaceAll(t.String(), " ", "-"))
	}
	return names
}

func levelNames() []string {
	var names []string
	for l := eventlog.LevelCritical; l <= eventlog.LevelVerbose; l++ {
		names = append(names, l.String())
	}
	return names
}

func fieldNames() []string {
	var names []string
	for f := render.FieldServer; f <= render.FieldRaw; f++ {
		names = append(names, f.String())
	}
	return names
}
