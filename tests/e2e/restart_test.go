package e2e

const asEndpoint = "E2E_ENDPOINT"

func endpointProcess() {}
