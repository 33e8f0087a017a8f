// A minimal ext_authz server: what a careful Go programmer writes by hand for one issuer and one rule.
//
// The way of a check: check.go (answer), token.go (identity of a token, remembered), rule.go (may it?), path.go.
// It reads one JSON file and listens on one socket. GOMAXPROCS and GOGC are taken from the environment, as in any Go
// program.
package main

import (
	"flag"
	"log"
	"net"
	"os"
	"os/signal"
	"runtime"
	"syscall"

	auth "github.com/envoyproxy/go-control-plane/envoy/service/auth/v3"
	"google.golang.org/grpc"
	"google.golang.org/grpc/health"
	health_v1 "google.golang.org/grpc/health/grpc_health_v1"
)

func main() {
	file := flag.String("config", "", "configuration, a JSON file")
	network := flag.String("network", "unix", "unix or tcp")
	address := flag.String("address", "", "path of the socket, or host:port")
	flag.Parse()
	configuration, err := readConfiguration(*file)
	if err != nil {
		log.Fatalf("%s: %v", *file, err)
	}
	listener, err := net.Listen(*network, *address)
	if err != nil {
		log.Fatal(err)
	}
	// Workers keep their grown stacks from one call to the next; without them each call starts a goroutine of its own.
	server := grpc.NewServer(grpc.NumStreamWorkers(uint32(runtime.GOMAXPROCS(0))), grpc.SharedWriteBuffer(true))
	auth.RegisterAuthorizationServer(server, newChecker(configuration))
	healthy := health.NewServer()
	healthy.SetServingStatus(auth.Authorization_ServiceDesc.ServiceName, health_v1.HealthCheckResponse_SERVING)
	health_v1.RegisterHealthServer(server, healthy)
	go stopOnSignal(server)
	log.Printf("answering checks on %s, GOMAXPROCS %d, grpc-go %s", listener.Addr(), runtime.GOMAXPROCS(0), grpc.Version)
	if err := server.Serve(listener); err != nil {
		log.Fatal(err)
	}
}

func stopOnSignal(server *grpc.Server) {
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGTERM, syscall.SIGINT)
	<-signals
	server.Stop()
}
