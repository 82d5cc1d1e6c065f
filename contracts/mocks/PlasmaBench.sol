// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {BlockTree} from "../lib/BlockTree.sol";
import {PlasmaTx} from "../lib/PlasmaTx.sol";
import {Signatures} from "../lib/Signatures.sol";
import {SparseTree} from "../lib/SparseTree.sol";

/// @title External access to the libraries of plasma, and batched reads of a contract
contract PlasmaBench {
    struct Output {
        address owner;
        uint256 token;
        uint256 amount;
    }

    /// @notice Returns true if `data` is a transaction. The bytes after it in the calldata must not count.
    function isValid(bytes calldata data, bytes calldata) external pure returns (bool) {
        return PlasmaTx.isValid(data);
    }

    /// @notice Returns all fields of a valid transaction, and its hashes.
    function read(bytes calldata data)
        external
        pure
        returns (
            uint256 kind,
            uint256 expiry,
            uint64[] memory inputs,
            Output[] memory outputs,
            bytes32 hash,
            bytes32 structHash,
            bytes32 leaf
        )
    {
        inputs = new uint64[](PlasmaTx.inputs(data));
        for (uint256 i; i < inputs.length; ++i) {
            inputs[i] = PlasmaTx.input(data, i);
        }
        outputs = new Output[](PlasmaTx.outputs(data));
        for (uint256 i; i < outputs.length; ++i) {
            (outputs[i].owner, outputs[i].token, outputs[i].amount) = PlasmaTx.output(data, i);
        }
        kind = PlasmaTx.kindOf(data);
        expiry = PlasmaTx.expiry(data);
        hash = PlasmaTx.hash(data);
        structHash = PlasmaTx.structHash(data);
        leaf = PlasmaTx.tagged(0, data);
    }

    /// @notice Returns true if leaf `index` of `count` is the leaf of `data`.
    function contains(bytes32 root, uint256 count, uint256 index, bytes calldata data, bytes32[] calldata path)
        external
        pure
        returns (bool)
    {
        (bool fits, bytes32 found) = BlockTree.rootOf(count, index, PlasmaTx.tagged(0, data), path);
        return fits && found == root;
    }

    /// @notice Returns true if the tree contains `value` at `key`.
    function includes(bytes32 root, uint64 key, bytes32 value, bytes32[] calldata siblings)
        external
        pure
        returns (bool)
    {
        (bool fits, bytes32 found) = SparseTree.rootOf(key, value, siblings);
        return fits && found == root;
    }

    /// @notice Returns the signer; zero for none.
    function signer(bytes32 digest, bytes calldata signature) external pure returns (address) {
        return Signatures.recover(digest, signature);
    }

    /// @notice Returns the results of several calls to `target`.
    function many(address target, bytes[] calldata calls) external view returns (bytes[] memory answers) {
        answers = new bytes[](calls.length);
        for (uint256 i; i < calls.length; ++i) {
            bool ok;
            (ok, answers[i]) = target.staticcall(calls[i]);
            require(ok);
        }
    }
}
