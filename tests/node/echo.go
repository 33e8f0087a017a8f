// The application of the pods, in place of traefik/whoami, which no registry can be asked for: it answers with what it was asked.
// Without --port it only waits: a pod's first container, which holds its namespaces.
package main

import (
	"flag"
	"log"
	"net/http"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	port := flag.String("port", "", "where to listen; nowhere without it")
	flag.Parse()
	if *port == "" {
		stop := make(chan os.Signal, 1)
		signal.Notify(stop, syscall.SIGTERM)
		<-stop
		return
	}
	// Request.Write has method, path and headers as they would be sent on.
	log.Fatal(http.ListenAndServe(":"+*port, http.HandlerFunc(func(to http.ResponseWriter, asked *http.Request) {
		asked.Write(to)
	})))
}
