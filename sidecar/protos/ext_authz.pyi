from collections.abc import Iterable, Mapping
from typing import ClassVar, Literal

from google.protobuf.internal import well_known_types
from google.protobuf.internal.containers import (
    MessageMap,
    RepeatedCompositeFieldContainer,
    RepeatedScalarFieldContainer,
    ScalarMap,
)
from google.protobuf.message import Message

class Address(Message):
    @property
    def socket_address(self) -> SocketAddress: ...  # 1
    @property
    def pipe(self) -> Pipe: ...  # 2
    @property
    def envoy_internal_address(self) -> EnvoyInternalAddress: ...  # 3
    def __init__(
        self,
        *,
        socket_address: SocketAddress | None = ...,
        pipe: Pipe | None = ...,
        envoy_internal_address: EnvoyInternalAddress | None = ...,
    ) -> None: ...
    def HasField(self, field_name: Literal["socket_address", "pipe", "envoy_internal_address"]) -> bool: ...
    def WhichOneof(
        self, oneof_group: Literal["address"]
    ) -> Literal["socket_address", "pipe", "envoy_internal_address"] | None: ...

class Any(Message, well_known_types.Any):
    type_url: str  # 1
    value: bytes  # 2
    def __init__(self, *, type_url: str | None = ..., value: bytes | None = ...) -> None: ...

class AttributeContext(Message):
    class Peer(Message):
        @property
        def address(self) -> Address: ...  # 1
        service: str  # 2
        @property
        def labels(self) -> ScalarMap[str, str]: ...  # 3
        principal: str  # 4
        certificate: str  # 5
        def __init__(
            self,
            *,
            address: Address | None = ...,
            service: str | None = ...,
            labels: Mapping[str, str] | None = ...,
            principal: str | None = ...,
            certificate: str | None = ...,
        ) -> None: ...
        def HasField(self, field_name: Literal["address"]) -> bool: ...

    class Request(Message):
        @property
        def time(self) -> Timestamp: ...  # 1
        @property
        def http(self) -> AttributeContext.HttpRequest: ...  # 2
        def __init__(
            self, *, time: Timestamp | None = ..., http: AttributeContext.HttpRequest | None = ...
        ) -> None: ...
        def HasField(self, field_name: Literal["time", "http"]) -> bool: ...

    class HttpRequest(Message):
        id: str  # 1
        method: str  # 2
        @property
        def headers(self) -> ScalarMap[str, str]: ...  # 3
        @property
        def header_map(self) -> HeaderMap: ...  # 13
        path: str  # 4
        host: str  # 5
        scheme: str  # 6
        query: str  # 7
        fragment: str  # 8
        size: int  # 9
        protocol: str  # 10
        body: str  # 11
        raw_body: bytes  # 12
        def __init__(
            self,
            *,
            id: str | None = ...,
            method: str | None = ...,
            headers: Mapping[str, str] | None = ...,
            header_map: HeaderMap | None = ...,
            path: str | None = ...,
            host: str | None = ...,
            scheme: str | None = ...,
            query: str | None = ...,
            fragment: str | None = ...,
            size: int | None = ...,
            protocol: str | None = ...,
            body: str | None = ...,
            raw_body: bytes | None = ...,
        ) -> None: ...
        def HasField(self, field_name: Literal["header_map"]) -> bool: ...

    class TLSSession(Message):
        sni: str  # 1
        def __init__(self, *, sni: str | None = ...) -> None: ...

    @property
    def source(self) -> AttributeContext.Peer: ...  # 1
    @property
    def destination(self) -> AttributeContext.Peer: ...  # 2
    @property
    def request(self) -> AttributeContext.Request: ...  # 4
    @property
    def context_extensions(self) -> ScalarMap[str, str]: ...  # 10
    @property
    def metadata_context(self) -> Metadata: ...  # 11
    @property
    def route_metadata_context(self) -> Metadata: ...  # 13
    @property
    def tls_session(self) -> AttributeContext.TLSSession: ...  # 12
    def __init__(
        self,
        *,
        source: AttributeContext.Peer | None = ...,
        destination: AttributeContext.Peer | None = ...,
        request: AttributeContext.Request | None = ...,
        context_extensions: Mapping[str, str] | None = ...,
        metadata_context: Metadata | None = ...,
        route_metadata_context: Metadata | None = ...,
        tls_session: AttributeContext.TLSSession | None = ...,
    ) -> None: ...
    def HasField(
        self,
        field_name: Literal[
            "source", "destination", "request", "metadata_context", "route_metadata_context", "tls_session"
        ],
    ) -> bool: ...

class BoolValue(Message):
    value: bool  # 1
    def __init__(self, *, value: bool | None = ...) -> None: ...

class CheckRequest(Message):
    @property
    def attributes(self) -> AttributeContext: ...  # 1
    def __init__(self, *, attributes: AttributeContext | None = ...) -> None: ...
    def HasField(self, field_name: Literal["attributes"]) -> bool: ...

class CheckResponse(Message):
    @property
    def status(self) -> Status: ...  # 1
    @property
    def denied_response(self) -> DeniedHttpResponse: ...  # 2
    @property
    def ok_response(self) -> OkHttpResponse: ...  # 3
    @property
    def error_response(self) -> DeniedHttpResponse: ...  # 5
    @property
    def dynamic_metadata(self) -> Struct: ...  # 4
    def __init__(
        self,
        *,
        status: Status | None = ...,
        denied_response: DeniedHttpResponse | None = ...,
        ok_response: OkHttpResponse | None = ...,
        error_response: DeniedHttpResponse | None = ...,
        dynamic_metadata: Struct | None = ...,
    ) -> None: ...
    def HasField(
        self, field_name: Literal["status", "denied_response", "ok_response", "error_response", "dynamic_metadata"]
    ) -> bool: ...
    def WhichOneof(
        self, oneof_group: Literal["http_response"]
    ) -> Literal["denied_response", "ok_response", "error_response"] | None: ...

class DeniedHttpResponse(Message):
    @property
    def status(self) -> HttpStatus: ...  # 1
    @property
    def headers(self) -> RepeatedCompositeFieldContainer[HeaderValueOption]: ...  # 2
    body: str  # 3
    def __init__(
        self,
        *,
        status: HttpStatus | None = ...,
        headers: Iterable[HeaderValueOption] | None = ...,
        body: str | None = ...,
    ) -> None: ...
    def HasField(self, field_name: Literal["status"]) -> bool: ...

class EnvoyInternalAddress(Message):
    server_listener_name: str  # 1
    endpoint_id: str  # 2
    def __init__(self, *, server_listener_name: str | None = ..., endpoint_id: str | None = ...) -> None: ...
    def HasField(self, field_name: Literal["server_listener_name"]) -> bool: ...
    def WhichOneof(self, oneof_group: Literal["address_name_specifier"]) -> Literal["server_listener_name"] | None: ...

class HeaderMap(Message):
    @property
    def headers(self) -> RepeatedCompositeFieldContainer[HeaderValue]: ...  # 1
    def __init__(self, *, headers: Iterable[HeaderValue] | None = ...) -> None: ...

class HeaderValue(Message):
    key: str  # 1
    value: str  # 2
    raw_value: bytes  # 3
    def __init__(self, *, key: str | None = ..., value: str | None = ..., raw_value: bytes | None = ...) -> None: ...

class HeaderValueOption(Message):
    class HeaderAppendAction:
        APPEND_IF_EXISTS_OR_ADD: ClassVar[int]  # 0
        ADD_IF_ABSENT: ClassVar[int]  # 1
        OVERWRITE_IF_EXISTS_OR_ADD: ClassVar[int]  # 2
        OVERWRITE_IF_EXISTS: ClassVar[int]  # 3

    APPEND_IF_EXISTS_OR_ADD: ClassVar[int]  # 0
    ADD_IF_ABSENT: ClassVar[int]  # 1
    OVERWRITE_IF_EXISTS_OR_ADD: ClassVar[int]  # 2
    OVERWRITE_IF_EXISTS: ClassVar[int]  # 3
    @property
    def header(self) -> HeaderValue: ...  # 1
    @property
    def append(self) -> BoolValue: ...  # 2
    append_action: int  # 3
    keep_empty_value: bool  # 4
    def __init__(
        self,
        *,
        header: HeaderValue | None = ...,
        append: BoolValue | None = ...,
        append_action: int | None = ...,
        keep_empty_value: bool | None = ...,
    ) -> None: ...
    def HasField(self, field_name: Literal["header", "append"]) -> bool: ...

class HttpStatus(Message):
    code: int  # 1
    def __init__(self, *, code: int | None = ...) -> None: ...

class ListValue(Message, well_known_types.ListValue):
    @property
    def values(self) -> RepeatedCompositeFieldContainer[Value]: ...  # 1
    def __init__(self, *, values: Iterable[Value] | None = ...) -> None: ...

class Metadata(Message):
    @property
    def filter_metadata(self) -> MessageMap[str, Struct]: ...  # 1
    @property
    def typed_filter_metadata(self) -> MessageMap[str, Any]: ...  # 2
    def __init__(
        self,
        *,
        filter_metadata: Mapping[str, Struct] | None = ...,
        typed_filter_metadata: Mapping[str, Any] | None = ...,
    ) -> None: ...

class OkHttpResponse(Message):
    @property
    def headers(self) -> RepeatedCompositeFieldContainer[HeaderValueOption]: ...  # 2
    @property
    def headers_to_remove(self) -> RepeatedScalarFieldContainer[str]: ...  # 5
    @property
    def dynamic_metadata(self) -> Struct: ...  # 3
    @property
    def response_headers_to_add(self) -> RepeatedCompositeFieldContainer[HeaderValueOption]: ...  # 6
    @property
    def query_parameters_to_set(self) -> RepeatedCompositeFieldContainer[QueryParameter]: ...  # 7
    @property
    def query_parameters_to_remove(self) -> RepeatedScalarFieldContainer[str]: ...  # 8
    def __init__(
        self,
        *,
        headers: Iterable[HeaderValueOption] | None = ...,
        headers_to_remove: Iterable[str] | None = ...,
        dynamic_metadata: Struct | None = ...,
        response_headers_to_add: Iterable[HeaderValueOption] | None = ...,
        query_parameters_to_set: Iterable[QueryParameter] | None = ...,
        query_parameters_to_remove: Iterable[str] | None = ...,
    ) -> None: ...
    def HasField(self, field_name: Literal["dynamic_metadata"]) -> bool: ...

class Pipe(Message):
    path: str  # 1
    mode: int  # 2
    def __init__(self, *, path: str | None = ..., mode: int | None = ...) -> None: ...

class QueryParameter(Message):
    key: str  # 1
    value: str  # 2
    def __init__(self, *, key: str | None = ..., value: str | None = ...) -> None: ...

class SocketAddress(Message):
    class Protocol:
        TCP: ClassVar[int]  # 0
        UDP: ClassVar[int]  # 1

    TCP: ClassVar[int]  # 0
    UDP: ClassVar[int]  # 1
    protocol: int  # 1
    address: str  # 2
    port_value: int  # 3
    named_port: str  # 4
    resolver_name: str  # 5
    ipv4_compat: bool  # 6
    network_namespace_filepath: str  # 7
    def __init__(
        self,
        *,
        protocol: int | None = ...,
        address: str | None = ...,
        port_value: int | None = ...,
        named_port: str | None = ...,
        resolver_name: str | None = ...,
        ipv4_compat: bool | None = ...,
        network_namespace_filepath: str | None = ...,
    ) -> None: ...
    def HasField(self, field_name: Literal["port_value", "named_port"]) -> bool: ...
    def WhichOneof(self, oneof_group: Literal["port_specifier"]) -> Literal["port_value", "named_port"] | None: ...

class Status(Message):
    code: int  # 1
    message: str  # 2
    @property
    def details(self) -> RepeatedCompositeFieldContainer[Any]: ...  # 3
    def __init__(
        self, *, code: int | None = ..., message: str | None = ..., details: Iterable[Any] | None = ...
    ) -> None: ...

class Struct(Message, well_known_types.Struct):
    @property
    def fields(self) -> MessageMap[str, Value]: ...  # 1
    def __init__(self, *, fields: Mapping[str, Value] | None = ...) -> None: ...

class Timestamp(Message, well_known_types.Timestamp):
    seconds: int  # 1
    nanos: int  # 2
    def __init__(self, *, seconds: int | None = ..., nanos: int | None = ...) -> None: ...

class Value(Message):
    null_value: int  # 1
    number_value: float  # 2
    string_value: str  # 3
    bool_value: bool  # 4
    @property
    def struct_value(self) -> Struct: ...  # 5
    @property
    def list_value(self) -> ListValue: ...  # 6
    def __init__(
        self,
        *,
        null_value: int | None = ...,
        number_value: float | None = ...,
        string_value: str | None = ...,
        bool_value: bool | None = ...,
        struct_value: Struct | None = ...,
        list_value: ListValue | None = ...,
    ) -> None: ...
    def HasField(
        self,
        field_name: Literal["null_value", "number_value", "string_value", "bool_value", "struct_value", "list_value"],
    ) -> bool: ...
    def WhichOneof(
        self, oneof_group: Literal["kind"]
    ) -> Literal["null_value", "number_value", "string_value", "bool_value", "struct_value", "list_value"] | None: ...
