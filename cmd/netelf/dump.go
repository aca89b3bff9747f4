package main

import "github.com/spf13/cobra"

func (a *app) dumpVerb() *cobra.Command { return &cobra.Command{Use: "dump"} }
