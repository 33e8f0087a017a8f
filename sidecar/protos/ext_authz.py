"""Envoy's external authorization, v3, recorded by ``make protos`` from xds-protos 1.85.0: not written by hand.

Made of Envoy's API (the Envoy Project's authors) and googleapis (Google LLC),
under the Apache License, version 2.0 (LICENSE). Left out: annotations, comments, and messages that nobody names.
"""

from sidecar.protos.pool import classes

_class = classes(
    (
        (  # envoy/config/core/v3/address.proto
            "CiJlbnZveS9jb25maWcvY29yZS92My9hZGRyZXNzLnByb3RvEhRlbnZveS5jb25maWcuY29yZS52MyIiCgRQaXBlEgwKBHBhdGgY"
            "ASABKAkSDAoEbW9kZRgCIAEoDSJlChRFbnZveUludGVybmFsQWRkcmVzcxIeChRzZXJ2ZXJfbGlzdGVuZXJfbmFtZRgBIAEoCUgA"
            "EhMKC2VuZHBvaW50X2lkGAIgASgJQhgKFmFkZHJlc3NfbmFtZV9zcGVjaWZpZXIijAIKDVNvY2tldEFkZHJlc3MSPgoIcHJvdG9j"
            "b2wYASABKA4yLC5lbnZveS5jb25maWcuY29yZS52My5Tb2NrZXRBZGRyZXNzLlByb3RvY29sEg8KB2FkZHJlc3MYAiABKAkSFAoK"
            "cG9ydF92YWx1ZRgDIAEoDUgAEhQKCm5hbWVkX3BvcnQYBCABKAlIABIVCg1yZXNvbHZlcl9uYW1lGAUgASgJEhMKC2lwdjRfY29t"
            "cGF0GAYgASgIEiIKGm5ldHdvcmtfbmFtZXNwYWNlX2ZpbGVwYXRoGAcgASgJIhwKCFByb3RvY29sEgcKA1RDUBAAEgcKA1VEUBAB"
            "QhAKDnBvcnRfc3BlY2lmaWVyIs0BCgdBZGRyZXNzEj0KDnNvY2tldF9hZGRyZXNzGAEgASgLMiMuZW52b3kuY29uZmlnLmNvcmUu"
            "djMuU29ja2V0QWRkcmVzc0gAEioKBHBpcGUYAiABKAsyGi5lbnZveS5jb25maWcuY29yZS52My5QaXBlSAASTAoWZW52b3lfaW50"
            "ZXJuYWxfYWRkcmVzcxgDIAEoCzIqLmVudm95LmNvbmZpZy5jb3JlLnYzLkVudm95SW50ZXJuYWxBZGRyZXNzSABCCQoHYWRkcmVz"
            "c2IGcHJvdG8z"
        ),
        (  # envoy/config/core/v3/base.proto
            "Ch9lbnZveS9jb25maWcvY29yZS92My9iYXNlLnByb3RvEhRlbnZveS5jb25maWcuY29yZS52MxoZZ29vZ2xlL3Byb3RvYnVmL2Fu"
            "eS5wcm90bxocZ29vZ2xlL3Byb3RvYnVmL3N0cnVjdC5wcm90bxoeZ29vZ2xlL3Byb3RvYnVmL3dyYXBwZXJzLnByb3RvItECCghN"
            "ZXRhZGF0YRJLCg9maWx0ZXJfbWV0YWRhdGEYASADKAsyMi5lbnZveS5jb25maWcuY29yZS52My5NZXRhZGF0YS5GaWx0ZXJNZXRh"
            "ZGF0YUVudHJ5ElYKFXR5cGVkX2ZpbHRlcl9tZXRhZGF0YRgCIAMoCzI3LmVudm95LmNvbmZpZy5jb3JlLnYzLk1ldGFkYXRhLlR5"
            "cGVkRmlsdGVyTWV0YWRhdGFFbnRyeRpOChNGaWx0ZXJNZXRhZGF0YUVudHJ5EgsKA2tleRgBIAEoCRImCgV2YWx1ZRgCIAEoCzIX"
            "Lmdvb2dsZS5wcm90b2J1Zi5TdHJ1Y3Q6AjgBGlAKGFR5cGVkRmlsdGVyTWV0YWRhdGFFbnRyeRILCgNrZXkYASABKAkSIwoFdmFs"
            "dWUYAiABKAsyFC5nb29nbGUucHJvdG9idWYuQW55OgI4ASIsCg5RdWVyeVBhcmFtZXRlchILCgNrZXkYASABKAkSDQoFdmFsdWUY"
            "AiABKAkiPAoLSGVhZGVyVmFsdWUSCwoDa2V5GAEgASgJEg0KBXZhbHVlGAIgASgJEhEKCXJhd192YWx1ZRgDIAEoDCLeAgoRSGVh"
            "ZGVyVmFsdWVPcHRpb24SMQoGaGVhZGVyGAEgASgLMiEuZW52b3kuY29uZmlnLmNvcmUudjMuSGVhZGVyVmFsdWUSKgoGYXBwZW5k"
            "GAIgASgLMhouZ29vZ2xlLnByb3RvYnVmLkJvb2xWYWx1ZRJRCg1hcHBlbmRfYWN0aW9uGAMgASgOMjouZW52b3kuY29uZmlnLmNv"
            "cmUudjMuSGVhZGVyVmFsdWVPcHRpb24uSGVhZGVyQXBwZW5kQWN0aW9uEhgKEGtlZXBfZW1wdHlfdmFsdWUYBCABKAgifQoSSGVh"
            "ZGVyQXBwZW5kQWN0aW9uEhsKF0FQUEVORF9JRl9FWElTVFNfT1JfQUREEAASEQoNQUREX0lGX0FCU0VOVBABEh4KGk9WRVJXUklU"
            "RV9JRl9FWElTVFNfT1JfQUREEAISFwoTT1ZFUldSSVRFX0lGX0VYSVNUUxADIj8KCUhlYWRlck1hcBIyCgdoZWFkZXJzGAEgAygL"
            "MiEuZW52b3kuY29uZmlnLmNvcmUudjMuSGVhZGVyVmFsdWViBnByb3RvMw=="
        ),
        (  # envoy/service/auth/v3/attribute_context.proto
            "Ci1lbnZveS9zZXJ2aWNlL2F1dGgvdjMvYXR0cmlidXRlX2NvbnRleHQucHJvdG8SFWVudm95LnNlcnZpY2UuYXV0aC52MxoiZW52"
            "b3kvY29uZmlnL2NvcmUvdjMvYWRkcmVzcy5wcm90bxofZW52b3kvY29uZmlnL2NvcmUvdjMvYmFzZS5wcm90bxofZ29vZ2xlL3By"
            "b3RvYnVmL3RpbWVzdGFtcC5wcm90byKdCgoQQXR0cmlidXRlQ29udGV4dBI8CgZzb3VyY2UYASABKAsyLC5lbnZveS5zZXJ2aWNl"
            "LmF1dGgudjMuQXR0cmlidXRlQ29udGV4dC5QZWVyEkEKC2Rlc3RpbmF0aW9uGAIgASgLMiwuZW52b3kuc2VydmljZS5hdXRoLnYz"
            "LkF0dHJpYnV0ZUNvbnRleHQuUGVlchJACgdyZXF1ZXN0GAQgASgLMi8uZW52b3kuc2VydmljZS5hdXRoLnYzLkF0dHJpYnV0ZUNv"
            "bnRleHQuUmVxdWVzdBJaChJjb250ZXh0X2V4dGVuc2lvbnMYCiADKAsyPi5lbnZveS5zZXJ2aWNlLmF1dGgudjMuQXR0cmlidXRl"
            "Q29udGV4dC5Db250ZXh0RXh0ZW5zaW9uc0VudHJ5EjgKEG1ldGFkYXRhX2NvbnRleHQYCyABKAsyHi5lbnZveS5jb25maWcuY29y"
            "ZS52My5NZXRhZGF0YRI+ChZyb3V0ZV9tZXRhZGF0YV9jb250ZXh0GA0gASgLMh4uZW52b3kuY29uZmlnLmNvcmUudjMuTWV0YWRh"
            "dGESRwoLdGxzX3Nlc3Npb24YDCABKAsyMi5lbnZveS5zZXJ2aWNlLmF1dGgudjMuQXR0cmlidXRlQ29udGV4dC5UTFNTZXNzaW9u"
            "GugBCgRQZWVyEi4KB2FkZHJlc3MYASABKAsyHS5lbnZveS5jb25maWcuY29yZS52My5BZGRyZXNzEg8KB3NlcnZpY2UYAiABKAkS"
            "SAoGbGFiZWxzGAMgAygLMjguZW52b3kuc2VydmljZS5hdXRoLnYzLkF0dHJpYnV0ZUNvbnRleHQuUGVlci5MYWJlbHNFbnRyeRIR"
            "CglwcmluY2lwYWwYBCABKAkSEwoLY2VydGlmaWNhdGUYBSABKAkaLQoLTGFiZWxzRW50cnkSCwoDa2V5GAEgASgJEg0KBXZhbHVl"
            "GAIgASgJOgI4ARp2CgdSZXF1ZXN0EigKBHRpbWUYASABKAsyGi5nb29nbGUucHJvdG9idWYuVGltZXN0YW1wEkEKBGh0dHAYAiAB"
            "KAsyMy5lbnZveS5zZXJ2aWNlLmF1dGgudjMuQXR0cmlidXRlQ29udGV4dC5IdHRwUmVxdWVzdBruAgoLSHR0cFJlcXVlc3QSCgoC"
            "aWQYASABKAkSDgoGbWV0aG9kGAIgASgJElEKB2hlYWRlcnMYAyADKAsyQC5lbnZveS5zZXJ2aWNlLmF1dGgudjMuQXR0cmlidXRl"
            "Q29udGV4dC5IdHRwUmVxdWVzdC5IZWFkZXJzRW50cnkSMwoKaGVhZGVyX21hcBgNIAEoCzIfLmVudm95LmNvbmZpZy5jb3JlLnYz"
            "LkhlYWRlck1hcBIMCgRwYXRoGAQgASgJEgwKBGhvc3QYBSABKAkSDgoGc2NoZW1lGAYgASgJEg0KBXF1ZXJ5GAcgASgJEhAKCGZy"
            "YWdtZW50GAggASgJEgwKBHNpemUYCSABKAMSEAoIcHJvdG9jb2wYCiABKAkSDAoEYm9keRgLIAEoCRIQCghyYXdfYm9keRgMIAEo"
            "DBouCgxIZWFkZXJzRW50cnkSCwoDa2V5GAEgASgJEg0KBXZhbHVlGAIgASgJOgI4ARoZCgpUTFNTZXNzaW9uEgsKA3NuaRgBIAEo"
            "CRo4ChZDb250ZXh0RXh0ZW5zaW9uc0VudHJ5EgsKA2tleRgBIAEoCRINCgV2YWx1ZRgCIAEoCToCOAFiBnByb3RvMw=="
        ),
        (  # envoy/type/v3/http_status.proto
            "Ch9lbnZveS90eXBlL3YzL2h0dHBfc3RhdHVzLnByb3RvEg1lbnZveS50eXBlLnYzIjUKCkh0dHBTdGF0dXMSJwoEY29kZRgBIAEo"
            "DjIZLmVudm95LnR5cGUudjMuU3RhdHVzQ29kZSq1CQoKU3RhdHVzQ29kZRIJCgVFbXB0eRAAEgwKCENvbnRpbnVlEGQSBwoCT0sQ"
            "yAESDAoHQ3JlYXRlZBDJARINCghBY2NlcHRlZBDKARIgChtOb25BdXRob3JpdGF0aXZlSW5mb3JtYXRpb24QywESDgoJTm9Db250"
            "ZW50EMwBEhEKDFJlc2V0Q29udGVudBDNARITCg5QYXJ0aWFsQ29udGVudBDOARIQCgtNdWx0aVN0YXR1cxDPARIUCg9BbHJlYWR5"
            "UmVwb3J0ZWQQ0AESCwoGSU1Vc2VkEOIBEhQKD011bHRpcGxlQ2hvaWNlcxCsAhIVChBNb3ZlZFBlcm1hbmVudGx5EK0CEgoKBUZv"
            "dW5kEK4CEg0KCFNlZU90aGVyEK8CEhAKC05vdE1vZGlmaWVkELACEg0KCFVzZVByb3h5ELECEhYKEVRlbXBvcmFyeVJlZGlyZWN0"
            "ELMCEhYKEVBlcm1hbmVudFJlZGlyZWN0ELQCEg8KCkJhZFJlcXVlc3QQkAMSEQoMVW5hdXRob3JpemVkEJEDEhQKD1BheW1lbnRS"
            "ZXF1aXJlZBCSAxIOCglGb3JiaWRkZW4QkwMSDQoITm90Rm91bmQQlAMSFQoQTWV0aG9kTm90QWxsb3dlZBCVAxISCg1Ob3RBY2Nl"
            "cHRhYmxlEJYDEiAKG1Byb3h5QXV0aGVudGljYXRpb25SZXF1aXJlZBCXAxITCg5SZXF1ZXN0VGltZW91dBCYAxINCghDb25mbGlj"
            "dBCZAxIJCgRHb25lEJoDEhMKDkxlbmd0aFJlcXVpcmVkEJsDEhcKElByZWNvbmRpdGlvbkZhaWxlZBCcAxIUCg9QYXlsb2FkVG9v"
            "TGFyZ2UQnQMSDwoKVVJJVG9vTG9uZxCeAxIZChRVbnN1cHBvcnRlZE1lZGlhVHlwZRCfAxIYChNSYW5nZU5vdFNhdGlzZmlhYmxl"
            "EKADEhYKEUV4cGVjdGF0aW9uRmFpbGVkEKEDEhcKEk1pc2RpcmVjdGVkUmVxdWVzdBClAxIYChNVbnByb2Nlc3NhYmxlRW50aXR5"
            "EKYDEgsKBkxvY2tlZBCnAxIVChBGYWlsZWREZXBlbmRlbmN5EKgDEhQKD1VwZ3JhZGVSZXF1aXJlZBCqAxIZChRQcmVjb25kaXRp"
            "b25SZXF1aXJlZBCsAxIUCg9Ub29NYW55UmVxdWVzdHMQrQMSIAobUmVxdWVzdEhlYWRlckZpZWxkc1Rvb0xhcmdlEK8DEhgKE0lu"
            "dGVybmFsU2VydmVyRXJyb3IQ9AMSEwoOTm90SW1wbGVtZW50ZWQQ9QMSDwoKQmFkR2F0ZXdheRD2AxIXChJTZXJ2aWNlVW5hdmFp"
            "bGFibGUQ9wMSEwoOR2F0ZXdheVRpbWVvdXQQ+AMSHAoXSFRUUFZlcnNpb25Ob3RTdXBwb3J0ZWQQ+QMSGgoVVmFyaWFudEFsc29O"
            "ZWdvdGlhdGVzEPoDEhgKE0luc3VmZmljaWVudFN0b3JhZ2UQ+wMSEQoMTG9vcERldGVjdGVkEPwDEhAKC05vdEV4dGVuZGVkEP4D"
            "EiIKHU5ldHdvcmtBdXRoZW50aWNhdGlvblJlcXVpcmVkEP8DYgZwcm90bzM="
        ),
        (  # google/rpc/status.proto
            "Chdnb29nbGUvcnBjL3N0YXR1cy5wcm90bxIKZ29vZ2xlLnJwYxoZZ29vZ2xlL3Byb3RvYnVmL2FueS5wcm90byJOCgZTdGF0dXMS"
            "DAoEY29kZRgBIAEoBRIPCgdtZXNzYWdlGAIgASgJEiUKB2RldGFpbHMYAyADKAsyFC5nb29nbGUucHJvdG9idWYuQW55YgZwcm90"
            "bzM="
        ),
        (  # envoy/service/auth/v3/external_auth.proto
            "CillbnZveS9zZXJ2aWNlL2F1dGgvdjMvZXh0ZXJuYWxfYXV0aC5wcm90bxIVZW52b3kuc2VydmljZS5hdXRoLnYzGh9lbnZveS9j"
            "b25maWcvY29yZS92My9iYXNlLnByb3RvGi1lbnZveS9zZXJ2aWNlL2F1dGgvdjMvYXR0cmlidXRlX2NvbnRleHQucHJvdG8aH2Vu"
            "dm95L3R5cGUvdjMvaHR0cF9zdGF0dXMucHJvdG8aHGdvb2dsZS9wcm90b2J1Zi9zdHJ1Y3QucHJvdG8aF2dvb2dsZS9ycGMvc3Rh"
            "dHVzLnByb3RvIksKDENoZWNrUmVxdWVzdBI7CgphdHRyaWJ1dGVzGAEgASgLMicuZW52b3kuc2VydmljZS5hdXRoLnYzLkF0dHJp"
            "YnV0ZUNvbnRleHQihwEKEkRlbmllZEh0dHBSZXNwb25zZRIpCgZzdGF0dXMYASABKAsyGS5lbnZveS50eXBlLnYzLkh0dHBTdGF0"
            "dXMSOAoHaGVhZGVycxgCIAMoCzInLmVudm95LmNvbmZpZy5jb3JlLnYzLkhlYWRlclZhbHVlT3B0aW9uEgwKBGJvZHkYAyABKAki"
            "zQIKDk9rSHR0cFJlc3BvbnNlEjgKB2hlYWRlcnMYAiADKAsyJy5lbnZveS5jb25maWcuY29yZS52My5IZWFkZXJWYWx1ZU9wdGlv"
            "bhIZChFoZWFkZXJzX3RvX3JlbW92ZRgFIAMoCRIxChBkeW5hbWljX21ldGFkYXRhGAMgASgLMhcuZ29vZ2xlLnByb3RvYnVmLlN0"
            "cnVjdBJIChdyZXNwb25zZV9oZWFkZXJzX3RvX2FkZBgGIAMoCzInLmVudm95LmNvbmZpZy5jb3JlLnYzLkhlYWRlclZhbHVlT3B0"
            "aW9uEkUKF3F1ZXJ5X3BhcmFtZXRlcnNfdG9fc2V0GAcgAygLMiQuZW52b3kuY29uZmlnLmNvcmUudjMuUXVlcnlQYXJhbWV0ZXIS"
            "IgoacXVlcnlfcGFyYW1ldGVyc190b19yZW1vdmUYCCADKAkiwAIKDUNoZWNrUmVzcG9uc2USIgoGc3RhdHVzGAEgASgLMhIuZ29v"
            "Z2xlLnJwYy5TdGF0dXMSRAoPZGVuaWVkX3Jlc3BvbnNlGAIgASgLMikuZW52b3kuc2VydmljZS5hdXRoLnYzLkRlbmllZEh0dHBS"
            "ZXNwb25zZUgAEjwKC29rX3Jlc3BvbnNlGAMgASgLMiUuZW52b3kuc2VydmljZS5hdXRoLnYzLk9rSHR0cFJlc3BvbnNlSAASQwoO"
            "ZXJyb3JfcmVzcG9uc2UYBSABKAsyKS5lbnZveS5zZXJ2aWNlLmF1dGgudjMuRGVuaWVkSHR0cFJlc3BvbnNlSAASMQoQZHluYW1p"
            "Y19tZXRhZGF0YRgEIAEoCzIXLmdvb2dsZS5wcm90b2J1Zi5TdHJ1Y3RCDwoNaHR0cF9yZXNwb25zZTJjCg1BdXRob3JpemF0aW9u"
            "ElIKBUNoZWNrEiMuZW52b3kuc2VydmljZS5hdXRoLnYzLkNoZWNrUmVxdWVzdBokLmVudm95LnNlcnZpY2UuYXV0aC52My5DaGVj"
            "a1Jlc3BvbnNlYgZwcm90bzM="
        ),
    )
)

Address = _class("envoy.config.core.v3.Address")
Any = _class("google.protobuf.Any")
AttributeContext = _class("envoy.service.auth.v3.AttributeContext")
BoolValue = _class("google.protobuf.BoolValue")
CheckRequest = _class("envoy.service.auth.v3.CheckRequest")
CheckResponse = _class("envoy.service.auth.v3.CheckResponse")
DeniedHttpResponse = _class("envoy.service.auth.v3.DeniedHttpResponse")
EnvoyInternalAddress = _class("envoy.config.core.v3.EnvoyInternalAddress")
HeaderMap = _class("envoy.config.core.v3.HeaderMap")
HeaderValue = _class("envoy.config.core.v3.HeaderValue")
HeaderValueOption = _class("envoy.config.core.v3.HeaderValueOption")
HttpStatus = _class("envoy.type.v3.HttpStatus")
ListValue = _class("google.protobuf.ListValue")
Metadata = _class("envoy.config.core.v3.Metadata")
OkHttpResponse = _class("envoy.service.auth.v3.OkHttpResponse")
Pipe = _class("envoy.config.core.v3.Pipe")
QueryParameter = _class("envoy.config.core.v3.QueryParameter")
SocketAddress = _class("envoy.config.core.v3.SocketAddress")
Status = _class("google.rpc.Status")
Struct = _class("google.protobuf.Struct")
Timestamp = _class("google.protobuf.Timestamp")
Value = _class("google.protobuf.Value")
