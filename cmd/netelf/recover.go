package main

import "github.com/spf13/cobra"

func (a *app) recoverVerb() *cobra.Command { return &cobra.Command{Use: "recover"} }
