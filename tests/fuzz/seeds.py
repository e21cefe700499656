#!/usr/bin/env python3
"""seeds.py DIR: a few sound inputs for each fuzz target, in DIR/TARGET, to begin from."""
import io
import json
import os
import struct
import sys
import zipfile

import numpy as np


def put(target, name, data):
    os.makedirs(os.path.join(sys.argv[1], target), exist_ok=True)
    with open(os.path.join(sys.argv[1], target, name), "wb") as f:
        f.write(data)


def saved(save, *arrays, **named):
    file = io.BytesIO()
    save(file, *arrays, **named)
    return file.getvalue()


for k, array in enumerate((np.arange(3.0), np.zeros((2, 3), "i4", order="F"), np.array(1), np.zeros(2, "f4,i2"), np.array(b"csr"))):
    put("npy_header", str(k), saved(np.save, array))
put("zip_directory", "stored", saved(np.savez, a=np.arange(2), b=np.eye(2)))
put("zip_directory", "packed", saved(np.savez_compressed, a=np.arange(200)))
big = io.BytesIO()
with zipfile.ZipFile(big, "w") as archive:
    with archive.open("a.npy", "w", force_zip64=True) as member:
        member.write(b"12345")
    archive.comment = b"comment"
put("zip_directory", "wide", big.getvalue())
tensors = {"W": {"dtype": "F32", "shape": [2, 2], "data_offsets": [0, 16]}, "b": {"dtype": "F64", "shape": [1], "data_offsets": [16, 24]},
           "__metadata__": {"activation": "relu"}}
put("safetensors_header", "two", struct.pack("<H", 24) + json.dumps(tensors).encode())
put("petsc_header", "narrow", struct.pack(">4i", 1211216, 3, 3, 5) + bytes(16) + struct.pack("<q", 200))
put("petsc_header", "wide", struct.pack(">4q", 1211216, 3, 3, 5) + struct.pack("<q", 200))
put("petsc_header", "dense", struct.pack(">4i", 1211216, 3, 3, -1) + struct.pack("<q", 200))
put("edge_types", "table", b"edge_type_id target_query syn_weight nsyns\r\n100 \"e == 'a b'\" 0.5 3\n101 x NULL NULL\n")
put("edge_rows", "named", b"\x00# made here\nSource,Target,Weight,Type\nI1L , \"I2,L\" ,10,chemical\n\"I\"\"3\",I4,-2.5e3,gap\n")
put("edge_rows", "numbers", b"\x00720575940623374957\t720575940631693610\t5\n9223372036854775807\t-3\t0.25\n")
put("edge_rows", "blanks", b"\x101 2 0.5\n  2   1\t-0.5 \n\n")
put("edge_rows", "signs", b"\x02\xef\xbb\xbfsign;pre;post;w\r\nE;a;b;1\r\nI;b;a;2\r\n")
put("edge_rows", "conditions", b"\x01a,b,1\nb,a,2\nx,b,3\n")
