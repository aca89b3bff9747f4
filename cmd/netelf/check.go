package main

import "github.com/spf13/cobra"

func (a *app) checkVerb() *cobra.Command { return &cobra.Command{Use: "check"} }
