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

class CheckedExpr(Message):
    @property
    def reference_map(self) -> MessageMap[int, Reference]: ...  # 2
    @property
    def type_map(self) -> MessageMap[int, Type]: ...  # 3
    @property
    def source_info(self) -> SourceInfo: ...  # 5
    expr_version: str  # 6
    @property
    def expr(self) -> Expr: ...  # 4
    def __init__(
        self,
        *,
        reference_map: Mapping[int, Reference] | None = ...,
        type_map: Mapping[int, Type] | None = ...,
        source_info: SourceInfo | None = ...,
        expr_version: str | None = ...,
        expr: Expr | None = ...,
    ) -> None: ...
    def HasField(self, field_name: Literal["source_info", "expr"]) -> bool: ...

class Constant(Message):
    null_value: int  # 1
    bool_value: bool  # 2
    int64_value: int  # 3
    uint64_value: int  # 4
    double_value: float  # 5
    string_value: str  # 6
    bytes_value: bytes  # 7
    @property
    def duration_value(self) -> Duration: ...  # 8
    @property
    def timestamp_value(self) -> Timestamp: ...  # 9
    def __init__(
        self,
        *,
        null_value: int | None = ...,
        bool_value: bool | None = ...,
        int64_value: int | None = ...,
        uint64_value: int | None = ...,
        double_value: float | None = ...,
        string_value: str | None = ...,
        bytes_value: bytes | None = ...,
        duration_value: Duration | None = ...,
        timestamp_value: Timestamp | None = ...,
    ) -> None: ...
    def HasField(
        self,
        field_name: Literal[
            "null_value",
            "bool_value",
            "int64_value",
            "uint64_value",
            "double_value",
            "string_value",
            "bytes_value",
            "duration_value",
            "timestamp_value",
        ],
    ) -> bool: ...
    def WhichOneof(
        self, oneof_group: Literal["constant_kind"]
    ) -> (
        Literal[
            "null_value",
            "bool_value",
            "int64_value",
            "uint64_value",
            "double_value",
            "string_value",
            "bytes_value",
            "duration_value",
            "timestamp_value",
        ]
        | None
    ): ...

class Duration(Message, well_known_types.Duration):
    seconds: int  # 1
    nanos: int  # 2
    def __init__(self, *, seconds: int | None = ..., nanos: int | None = ...) -> None: ...

class Empty(Message):
    def __init__(self) -> None: ...

class Expr(Message):
    class Ident(Message):
        name: str  # 1
        def __init__(self, *, name: str | None = ...) -> None: ...

    class Select(Message):
        @property
        def operand(self) -> Expr: ...  # 1
        field: str  # 2
        test_only: bool  # 3
        def __init__(
            self, *, operand: Expr | None = ..., field: str | None = ..., test_only: bool | None = ...
        ) -> None: ...
        def HasField(self, field_name: Literal["operand"]) -> bool: ...

    class Call(Message):
        @property
        def target(self) -> Expr: ...  # 1
        function: str  # 2
        @property
        def args(self) -> RepeatedCompositeFieldContainer[Expr]: ...  # 3
        def __init__(
            self, *, target: Expr | None = ..., function: str | None = ..., args: Iterable[Expr] | None = ...
        ) -> None: ...
        def HasField(self, field_name: Literal["target"]) -> bool: ...

    class CreateList(Message):
        @property
        def elements(self) -> RepeatedCompositeFieldContainer[Expr]: ...  # 1
        @property
        def optional_indices(self) -> RepeatedScalarFieldContainer[int]: ...  # 2
        def __init__(
            self, *, elements: Iterable[Expr] | None = ..., optional_indices: Iterable[int] | None = ...
        ) -> None: ...

    class CreateStruct(Message):
        class Entry(Message):
            id: int  # 1
            field_key: str  # 2
            @property
            def map_key(self) -> Expr: ...  # 3
            @property
            def value(self) -> Expr: ...  # 4
            optional_entry: bool  # 5
            def __init__(
                self,
                *,
                id: int | None = ...,
                field_key: str | None = ...,
                map_key: Expr | None = ...,
                value: Expr | None = ...,
                optional_entry: bool | None = ...,
            ) -> None: ...
            def HasField(self, field_name: Literal["field_key", "map_key", "value"]) -> bool: ...
            def WhichOneof(self, oneof_group: Literal["key_kind"]) -> Literal["field_key", "map_key"] | None: ...

        message_name: str  # 1
        @property
        def entries(self) -> RepeatedCompositeFieldContainer[Expr.CreateStruct.Entry]: ...  # 2
        def __init__(
            self, *, message_name: str | None = ..., entries: Iterable[Expr.CreateStruct.Entry] | None = ...
        ) -> None: ...

    class Comprehension(Message):
        iter_var: str  # 1
        iter_var2: str  # 8
        @property
        def iter_range(self) -> Expr: ...  # 2
        accu_var: str  # 3
        @property
        def accu_init(self) -> Expr: ...  # 4
        @property
        def loop_condition(self) -> Expr: ...  # 5
        @property
        def loop_step(self) -> Expr: ...  # 6
        @property
        def result(self) -> Expr: ...  # 7
        def __init__(
            self,
            *,
            iter_var: str | None = ...,
            iter_var2: str | None = ...,
            iter_range: Expr | None = ...,
            accu_var: str | None = ...,
            accu_init: Expr | None = ...,
            loop_condition: Expr | None = ...,
            loop_step: Expr | None = ...,
            result: Expr | None = ...,
        ) -> None: ...
        def HasField(
            self, field_name: Literal["iter_range", "accu_init", "loop_condition", "loop_step", "result"]
        ) -> bool: ...

    id: int  # 2
    @property
    def const_expr(self) -> Constant: ...  # 3
    @property
    def ident_expr(self) -> Expr.Ident: ...  # 4
    @property
    def select_expr(self) -> Expr.Select: ...  # 5
    @property
    def call_expr(self) -> Expr.Call: ...  # 6
    @property
    def list_expr(self) -> Expr.CreateList: ...  # 7
    @property
    def struct_expr(self) -> Expr.CreateStruct: ...  # 8
    @property
    def comprehension_expr(self) -> Expr.Comprehension: ...  # 9
    def __init__(
        self,
        *,
        id: int | None = ...,
        const_expr: Constant | None = ...,
        ident_expr: Expr.Ident | None = ...,
        select_expr: Expr.Select | None = ...,
        call_expr: Expr.Call | None = ...,
        list_expr: Expr.CreateList | None = ...,
        struct_expr: Expr.CreateStruct | None = ...,
        comprehension_expr: Expr.Comprehension | None = ...,
    ) -> None: ...
    def HasField(
        self,
        field_name: Literal[
            "const_expr", "ident_expr", "select_expr", "call_expr", "list_expr", "struct_expr", "comprehension_expr"
        ],
    ) -> bool: ...
    def WhichOneof(
        self, oneof_group: Literal["expr_kind"]
    ) -> (
        Literal[
            "const_expr", "ident_expr", "select_expr", "call_expr", "list_expr", "struct_expr", "comprehension_expr"
        ]
        | None
    ): ...

class Reference(Message):
    name: str  # 1
    @property
    def overload_id(self) -> RepeatedScalarFieldContainer[str]: ...  # 3
    @property
    def value(self) -> Constant: ...  # 4
    def __init__(
        self, *, name: str | None = ..., overload_id: Iterable[str] | None = ..., value: Constant | None = ...
    ) -> None: ...
    def HasField(self, field_name: Literal["value"]) -> bool: ...

class SourceInfo(Message):
    class Extension(Message):
        class Component:
            COMPONENT_UNSPECIFIED: ClassVar[int]  # 0
            COMPONENT_PARSER: ClassVar[int]  # 1
            COMPONENT_TYPE_CHECKER: ClassVar[int]  # 2
            COMPONENT_RUNTIME: ClassVar[int]  # 3

        COMPONENT_UNSPECIFIED: ClassVar[int]  # 0
        COMPONENT_PARSER: ClassVar[int]  # 1
        COMPONENT_TYPE_CHECKER: ClassVar[int]  # 2
        COMPONENT_RUNTIME: ClassVar[int]  # 3
        class Version(Message):
            major: int  # 1
            minor: int  # 2
            def __init__(self, *, major: int | None = ..., minor: int | None = ...) -> None: ...

        id: str  # 1
        @property
        def affected_components(self) -> RepeatedScalarFieldContainer[int]: ...  # 2
        @property
        def version(self) -> SourceInfo.Extension.Version: ...  # 3
        def __init__(
            self,
            *,
            id: str | None = ...,
            affected_components: Iterable[int] | None = ...,
            version: SourceInfo.Extension.Version | None = ...,
        ) -> None: ...
        def HasField(self, field_name: Literal["version"]) -> bool: ...

    syntax_version: str  # 1
    location: str  # 2
    @property
    def line_offsets(self) -> RepeatedScalarFieldContainer[int]: ...  # 3
    @property
    def positions(self) -> ScalarMap[int, int]: ...  # 4
    @property
    def macro_calls(self) -> MessageMap[int, Expr]: ...  # 5
    @property
    def extensions(self) -> RepeatedCompositeFieldContainer[SourceInfo.Extension]: ...  # 6
    def __init__(
        self,
        *,
        syntax_version: str | None = ...,
        location: str | None = ...,
        line_offsets: Iterable[int] | None = ...,
        positions: Mapping[int, int] | None = ...,
        macro_calls: Mapping[int, Expr] | None = ...,
        extensions: Iterable[SourceInfo.Extension] | None = ...,
    ) -> None: ...

class Timestamp(Message, well_known_types.Timestamp):
    seconds: int  # 1
    nanos: int  # 2
    def __init__(self, *, seconds: int | None = ..., nanos: int | None = ...) -> None: ...

class Type(Message):
    class PrimitiveType:
        PRIMITIVE_TYPE_UNSPECIFIED: ClassVar[int]  # 0
        BOOL: ClassVar[int]  # 1
        INT64: ClassVar[int]  # 2
        UINT64: ClassVar[int]  # 3
        DOUBLE: ClassVar[int]  # 4
        STRING: ClassVar[int]  # 5
        BYTES: ClassVar[int]  # 6

    PRIMITIVE_TYPE_UNSPECIFIED: ClassVar[int]  # 0
    BOOL: ClassVar[int]  # 1
    INT64: ClassVar[int]  # 2
    UINT64: ClassVar[int]  # 3
    DOUBLE: ClassVar[int]  # 4
    STRING: ClassVar[int]  # 5
    BYTES: ClassVar[int]  # 6
    class WellKnownType:
        WELL_KNOWN_TYPE_UNSPECIFIED: ClassVar[int]  # 0
        ANY: ClassVar[int]  # 1
        TIMESTAMP: ClassVar[int]  # 2
        DURATION: ClassVar[int]  # 3

    WELL_KNOWN_TYPE_UNSPECIFIED: ClassVar[int]  # 0
    ANY: ClassVar[int]  # 1
    TIMESTAMP: ClassVar[int]  # 2
    DURATION: ClassVar[int]  # 3
    class ListType(Message):
        @property
        def elem_type(self) -> Type: ...  # 1
        def __init__(self, *, elem_type: Type | None = ...) -> None: ...
        def HasField(self, field_name: Literal["elem_type"]) -> bool: ...

    class MapType(Message):
        @property
        def key_type(self) -> Type: ...  # 1
        @property
        def value_type(self) -> Type: ...  # 2
        def __init__(self, *, key_type: Type | None = ..., value_type: Type | None = ...) -> None: ...
        def HasField(self, field_name: Literal["key_type", "value_type"]) -> bool: ...

    class FunctionType(Message):
        @property
        def result_type(self) -> Type: ...  # 1
        @property
        def arg_types(self) -> RepeatedCompositeFieldContainer[Type]: ...  # 2
        def __init__(self, *, result_type: Type | None = ..., arg_types: Iterable[Type] | None = ...) -> None: ...
        def HasField(self, field_name: Literal["result_type"]) -> bool: ...

    class AbstractType(Message):
        name: str  # 1
        @property
        def parameter_types(self) -> RepeatedCompositeFieldContainer[Type]: ...  # 2
        def __init__(self, *, name: str | None = ..., parameter_types: Iterable[Type] | None = ...) -> None: ...

    @property
    def dyn(self) -> Empty: ...  # 1
    null: int  # 2
    primitive: int  # 3
    wrapper: int  # 4
    well_known: int  # 5
    @property
    def list_type(self) -> Type.ListType: ...  # 6
    @property
    def map_type(self) -> Type.MapType: ...  # 7
    @property
    def function(self) -> Type.FunctionType: ...  # 8
    message_type: str  # 9
    type_param: str  # 10
    @property
    def type(self) -> Type: ...  # 11
    @property
    def error(self) -> Empty: ...  # 12
    @property
    def abstract_type(self) -> Type.AbstractType: ...  # 14
    def __init__(
        self,
        *,
        dyn: Empty | None = ...,
        null: int | None = ...,
        primitive: int | None = ...,
        wrapper: int | None = ...,
        well_known: int | None = ...,
        list_type: Type.ListType | None = ...,
        map_type: Type.MapType | None = ...,
        function: Type.FunctionType | None = ...,
        message_type: str | None = ...,
        type_param: str | None = ...,
        type: Type | None = ...,
        error: Empty | None = ...,
        abstract_type: Type.AbstractType | None = ...,
    ) -> None: ...
    def HasField(
        self,
        field_name: Literal[
            "dyn",
            "null",
            "primitive",
            "wrapper",
            "well_known",
            "list_type",
            "map_type",
            "function",
            "message_type",
            "type_param",
            "type",
            "error",
            "abstract_type",
        ],
    ) -> bool: ...
    def WhichOneof(
        self, oneof_group: Literal["type_kind"]
    ) -> (
        Literal[
            "dyn",
            "null",
            "primitive",
            "wrapper",
            "well_known",
            "list_type",
            "map_type",
            "function",
            "message_type",
            "type_param",
            "type",
            "error",
            "abstract_type",
        ]
        | None
    ): ...
