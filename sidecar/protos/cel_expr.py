"""CEL's trees, parsed and checked, recorded by ``make protos`` from xds-protos 1.85.0: not written by hand.

Made of CEL's specification (Google LLC),
under the Apache License, version 2.0 (LICENSE). Left out: annotations, comments, and messages that nobody names.
"""

from sidecar.protos.pool import classes

_class = classes(
    (
        (  # cel/expr/syntax.proto
            "ChVjZWwvZXhwci9zeW50YXgucHJvdG8SCGNlbC5leHByGh5nb29nbGUvcHJvdG9idWYvZHVyYXRpb24ucHJvdG8aHGdvb2dsZS9w"
            "cm90b2J1Zi9zdHJ1Y3QucHJvdG8aH2dvb2dsZS9wcm90b2J1Zi90aW1lc3RhbXAucHJvdG8i2ggKBEV4cHISCgoCaWQYAiABKAMS"
            "KAoKY29uc3RfZXhwchgDIAEoCzISLmNlbC5leHByLkNvbnN0YW50SAASKgoKaWRlbnRfZXhwchgEIAEoCzIULmNlbC5leHByLkV4"
            "cHIuSWRlbnRIABIsCgtzZWxlY3RfZXhwchgFIAEoCzIVLmNlbC5leHByLkV4cHIuU2VsZWN0SAASKAoJY2FsbF9leHByGAYgASgL"
            "MhMuY2VsLmV4cHIuRXhwci5DYWxsSAASLgoJbGlzdF9leHByGAcgASgLMhkuY2VsLmV4cHIuRXhwci5DcmVhdGVMaXN0SAASMgoL"
            "c3RydWN0X2V4cHIYCCABKAsyGy5jZWwuZXhwci5FeHByLkNyZWF0ZVN0cnVjdEgAEjoKEmNvbXByZWhlbnNpb25fZXhwchgJIAEo"
            "CzIcLmNlbC5leHByLkV4cHIuQ29tcHJlaGVuc2lvbkgAGhUKBUlkZW50EgwKBG5hbWUYASABKAkaSwoGU2VsZWN0Eh8KB29wZXJh"
            "bmQYASABKAsyDi5jZWwuZXhwci5FeHByEg0KBWZpZWxkGAIgASgJEhEKCXRlc3Rfb25seRgDIAEoCBpWCgRDYWxsEh4KBnRhcmdl"
            "dBgBIAEoCzIOLmNlbC5leHByLkV4cHISEAoIZnVuY3Rpb24YAiABKAkSHAoEYXJncxgDIAMoCzIOLmNlbC5leHByLkV4cHIaSAoK"
            "Q3JlYXRlTGlzdBIgCghlbGVtZW50cxgBIAMoCzIOLmNlbC5leHByLkV4cHISGAoQb3B0aW9uYWxfaW5kaWNlcxgCIAMoBRrpAQoM"
            "Q3JlYXRlU3RydWN0EhQKDG1lc3NhZ2VfbmFtZRgBIAEoCRIyCgdlbnRyaWVzGAIgAygLMiEuY2VsLmV4cHIuRXhwci5DcmVhdGVT"
            "dHJ1Y3QuRW50cnkajgEKBUVudHJ5EgoKAmlkGAEgASgDEhMKCWZpZWxkX2tleRgCIAEoCUgAEiEKB21hcF9rZXkYAyABKAsyDi5j"
            "ZWwuZXhwci5FeHBySAASHQoFdmFsdWUYBCABKAsyDi5jZWwuZXhwci5FeHByEhYKDm9wdGlvbmFsX2VudHJ5GAUgASgIQgoKCGtl"
            "eV9raW5kGvgBCg1Db21wcmVoZW5zaW9uEhAKCGl0ZXJfdmFyGAEgASgJEhEKCWl0ZXJfdmFyMhgIIAEoCRIiCgppdGVyX3Jhbmdl"
            "GAIgASgLMg4uY2VsLmV4cHIuRXhwchIQCghhY2N1X3ZhchgDIAEoCRIhCglhY2N1X2luaXQYBCABKAsyDi5jZWwuZXhwci5FeHBy"
            "EiYKDmxvb3BfY29uZGl0aW9uGAUgASgLMg4uY2VsLmV4cHIuRXhwchIhCglsb29wX3N0ZXAYBiABKAsyDi5jZWwuZXhwci5FeHBy"
            "Eh4KBnJlc3VsdBgHIAEoCzIOLmNlbC5leHByLkV4cHJCCwoJZXhwcl9raW5kIsUCCghDb25zdGFudBIwCgpudWxsX3ZhbHVlGAEg"
            "ASgOMhouZ29vZ2xlLnByb3RvYnVmLk51bGxWYWx1ZUgAEhQKCmJvb2xfdmFsdWUYAiABKAhIABIVCgtpbnQ2NF92YWx1ZRgDIAEo"
            "A0gAEhYKDHVpbnQ2NF92YWx1ZRgEIAEoBEgAEhYKDGRvdWJsZV92YWx1ZRgFIAEoAUgAEhYKDHN0cmluZ192YWx1ZRgGIAEoCUgA"
            "EhUKC2J5dGVzX3ZhbHVlGAcgASgMSAASMwoOZHVyYXRpb25fdmFsdWUYCCABKAsyGS5nb29nbGUucHJvdG9idWYuRHVyYXRpb25I"
            "ABI1Cg90aW1lc3RhbXBfdmFsdWUYCSABKAsyGi5nb29nbGUucHJvdG9idWYuVGltZXN0YW1wSABCDwoNY29uc3RhbnRfa2luZCKc"
            "BQoKU291cmNlSW5mbxIWCg5zeW50YXhfdmVyc2lvbhgBIAEoCRIQCghsb2NhdGlvbhgCIAEoCRIUCgxsaW5lX29mZnNldHMYAyAD"
            "KAUSNgoJcG9zaXRpb25zGAQgAygLMiMuY2VsLmV4cHIuU291cmNlSW5mby5Qb3NpdGlvbnNFbnRyeRI5CgttYWNyb19jYWxscxgF"
            "IAMoCzIkLmNlbC5leHByLlNvdXJjZUluZm8uTWFjcm9DYWxsc0VudHJ5EjIKCmV4dGVuc2lvbnMYBiADKAsyHi5jZWwuZXhwci5T"
            "b3VyY2VJbmZvLkV4dGVuc2lvbhowCg5Qb3NpdGlvbnNFbnRyeRILCgNrZXkYASABKAMSDQoFdmFsdWUYAiABKAU6AjgBGkEKD01h"
            "Y3JvQ2FsbHNFbnRyeRILCgNrZXkYASABKAMSHQoFdmFsdWUYAiABKAsyDi5jZWwuZXhwci5FeHByOgI4ARqxAgoJRXh0ZW5zaW9u"
            "EgoKAmlkGAEgASgJEkUKE2FmZmVjdGVkX2NvbXBvbmVudHMYAiADKA4yKC5jZWwuZXhwci5Tb3VyY2VJbmZvLkV4dGVuc2lvbi5D"
            "b21wb25lbnQSNwoHdmVyc2lvbhgDIAEoCzImLmNlbC5leHByLlNvdXJjZUluZm8uRXh0ZW5zaW9uLlZlcnNpb24aJwoHVmVyc2lv"
            "bhINCgVtYWpvchgBIAEoAxINCgVtaW5vchgCIAEoAyJvCglDb21wb25lbnQSGQoVQ09NUE9ORU5UX1VOU1BFQ0lGSUVEEAASFAoQ"
            "Q09NUE9ORU5UX1BBUlNFUhABEhoKFkNPTVBPTkVOVF9UWVBFX0NIRUNLRVIQAhIVChFDT01QT05FTlRfUlVOVElNRRADYgZwcm90"
            "bzM="
        ),
        (  # cel/expr/checked.proto
            "ChZjZWwvZXhwci9jaGVja2VkLnByb3RvEghjZWwuZXhwchoVY2VsL2V4cHIvc3ludGF4LnByb3RvGhtnb29nbGUvcHJvdG9idWYv"
            "ZW1wdHkucHJvdG8aHGdvb2dsZS9wcm90b2J1Zi9zdHJ1Y3QucHJvdG8i7AIKC0NoZWNrZWRFeHByEj4KDXJlZmVyZW5jZV9tYXAY"
            "AiADKAsyJy5jZWwuZXhwci5DaGVja2VkRXhwci5SZWZlcmVuY2VNYXBFbnRyeRI0Cgh0eXBlX21hcBgDIAMoCzIiLmNlbC5leHBy"
            "LkNoZWNrZWRFeHByLlR5cGVNYXBFbnRyeRIpCgtzb3VyY2VfaW5mbxgFIAEoCzIULmNlbC5leHByLlNvdXJjZUluZm8SFAoMZXhw"
            "cl92ZXJzaW9uGAYgASgJEhwKBGV4cHIYBCABKAsyDi5jZWwuZXhwci5FeHByGkgKEVJlZmVyZW5jZU1hcEVudHJ5EgsKA2tleRgB"
            "IAEoAxIiCgV2YWx1ZRgCIAEoCzITLmNlbC5leHByLlJlZmVyZW5jZToCOAEaPgoMVHlwZU1hcEVudHJ5EgsKA2tleRgBIAEoAxId"
            "CgV2YWx1ZRgCIAEoCzIOLmNlbC5leHByLlR5cGU6AjgBIqIICgRUeXBlEiUKA2R5bhgBIAEoCzIWLmdvb2dsZS5wcm90b2J1Zi5F"
            "bXB0eUgAEioKBG51bGwYAiABKA4yGi5nb29nbGUucHJvdG9idWYuTnVsbFZhbHVlSAASMQoJcHJpbWl0aXZlGAMgASgOMhwuY2Vs"
            "LmV4cHIuVHlwZS5QcmltaXRpdmVUeXBlSAASLwoHd3JhcHBlchgEIAEoDjIcLmNlbC5leHByLlR5cGUuUHJpbWl0aXZlVHlwZUgA"
            "EjIKCndlbGxfa25vd24YBSABKA4yHC5jZWwuZXhwci5UeXBlLldlbGxLbm93blR5cGVIABIsCglsaXN0X3R5cGUYBiABKAsyFy5j"
            "ZWwuZXhwci5UeXBlLkxpc3RUeXBlSAASKgoIbWFwX3R5cGUYByABKAsyFi5jZWwuZXhwci5UeXBlLk1hcFR5cGVIABIvCghmdW5j"
            "dGlvbhgIIAEoCzIbLmNlbC5leHByLlR5cGUuRnVuY3Rpb25UeXBlSAASFgoMbWVzc2FnZV90eXBlGAkgASgJSAASFAoKdHlwZV9w"
            "YXJhbRgKIAEoCUgAEh4KBHR5cGUYCyABKAsyDi5jZWwuZXhwci5UeXBlSAASJwoFZXJyb3IYDCABKAsyFi5nb29nbGUucHJvdG9i"
            "dWYuRW1wdHlIABI0Cg1hYnN0cmFjdF90eXBlGA4gASgLMhsuY2VsLmV4cHIuVHlwZS5BYnN0cmFjdFR5cGVIABotCghMaXN0VHlw"
            "ZRIhCgllbGVtX3R5cGUYASABKAsyDi5jZWwuZXhwci5UeXBlGk8KB01hcFR5cGUSIAoIa2V5X3R5cGUYASABKAsyDi5jZWwuZXhw"
            "ci5UeXBlEiIKCnZhbHVlX3R5cGUYAiABKAsyDi5jZWwuZXhwci5UeXBlGlYKDEZ1bmN0aW9uVHlwZRIjCgtyZXN1bHRfdHlwZRgB"
            "IAEoCzIOLmNlbC5leHByLlR5cGUSIQoJYXJnX3R5cGVzGAIgAygLMg4uY2VsLmV4cHIuVHlwZRpFCgxBYnN0cmFjdFR5cGUSDAoE"
            "bmFtZRgBIAEoCRInCg9wYXJhbWV0ZXJfdHlwZXMYAiADKAsyDi5jZWwuZXhwci5UeXBlInMKDVByaW1pdGl2ZVR5cGUSHgoaUFJJ"
            "TUlUSVZFX1RZUEVfVU5TUEVDSUZJRUQQABIICgRCT09MEAESCQoFSU5UNjQQAhIKCgZVSU5UNjQQAxIKCgZET1VCTEUQBBIKCgZT"
            "VFJJTkcQBRIJCgVCWVRFUxAGIlYKDVdlbGxLbm93blR5cGUSHwobV0VMTF9LTk9XTl9UWVBFX1VOU1BFQ0lGSUVEEAASBwoDQU5Z"
            "EAESDQoJVElNRVNUQU1QEAISDAoIRFVSQVRJT04QA0ILCgl0eXBlX2tpbmQiUQoJUmVmZXJlbmNlEgwKBG5hbWUYASABKAkSEwoL"
            "b3ZlcmxvYWRfaWQYAyADKAkSIQoFdmFsdWUYBCABKAsyEi5jZWwuZXhwci5Db25zdGFudGIGcHJvdG8z"
        ),
    )
)

CheckedExpr = _class("cel.expr.CheckedExpr")
Constant = _class("cel.expr.Constant")
Duration = _class("google.protobuf.Duration")
Empty = _class("google.protobuf.Empty")
Expr = _class("cel.expr.Expr")
Reference = _class("cel.expr.Reference")
SourceInfo = _class("cel.expr.SourceInfo")
Timestamp = _class("google.protobuf.Timestamp")
Type = _class("cel.expr.Type")
