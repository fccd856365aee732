"""protoc's plugin for type stubs of services."""

from mypy_protobuf.main import grpc

if __name__ == "__main__":
    grpc()
