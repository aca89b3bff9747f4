package main

import "github.com/spf13/cobra"

func (a *app) infoVerb() *cobra.Command { return &cobra.Command{Use: "info"} }
