"""protoc's plugin for type stubs of messages."""

from mypy_protobuf.main import main

if __name__ == "__main__":
    main()
