// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Bls} from "../../lib/Bls.sol";
import {Accounts} from "./Accounts.sol";
import {Ledger} from "./Ledger.sol";
import {Operations} from "./Operations.sol";
import {WitnessErrors} from "./WitnessErrors.sol";

/// @title Execution of queue items: deposits, forced operations, new tokens
/// @dev The function is total, like its Python twin: every item counts as consumed, whatever its effect.
library QueueExecution {
    using Ledger for Ledger.State;
    using Accounts for uint256;

    /// @notice The hints for decoding the BLS signatures of queue items, in their order.
    /// @param hints The hints
    /// @param used The number of hints already used
    struct SignerHints {
        bytes[] hints;
        uint256 used;
    }

    /// @notice Consumes one queue item.
    function consume(
        Ledger.State memory state,
        bytes memory raw,
        bytes32 domain,
        SignerHints memory speakers,
        bytes calldata keys
    ) internal view {
        uint256 kind = uint8(raw[0]);
        if (kind == 1) _deposit(state, raw);
        else if (kind == 2) _forced(state, raw, domain, speakers, keys);
        else state.tokens += 1;
        state.queueCount += 1;
        state.queueAcc = bytes28(keccak256(abi.encodePacked(state.queueAcc, keccak256(raw))) << 32);
    }

    function _deposit(Ledger.State memory state, bytes memory raw) private pure {
        address sender = address(uint160(_number(raw, 1, 20)));
        uint256 token = _number(raw, 21, 2);
        uint256 amount = _number(raw, 23, 16);
        bytes32 owner = bytes32(_number(raw, 39, 32));
        uint256 to = _number(raw, 71, 4);
        if (to == 0) {
            bool named = owner != 0 && uint256(owner) >> 160 == 0;
            if (named && state.create(owner, token, amount)) return;
        } else {
            uint256 at = state.find(to);
            bool known = at.exists() && at.owner() == owner && at.token() == token;
            if (known && Ledger.credit(at, amount)) return;
        }
        state.takeOut(sender, token, amount);
    }

    function _forced(
        Ledger.State memory state,
        bytes memory raw,
        bytes32 domain,
        SignerHints memory speakers,
        bytes calldata keys
    ) private view {
        uint256 account = _number(raw, 22, 4);
        uint256 token = _number(raw, 26, 2);
        uint256 amount = _number(raw, 28, 16);
        bool withdraws = _number(raw, 44, 1) != 0;
        uint256 to = _number(raw, 45, 20);
        uint256 from = state.find(account);
        if (!withdraws && to >> 32 != 0) return;
        uint256 target = withdraws ? 0 : state.find(to);
        if (!from.exists() || from.token() != token || from.nonce() >= Ledger.MAX_NONCE) return;
        bytes32 digest = Operations.digestOf(account, to, amount, withdraws, from.nonce(), token, 0, domain);
        if (!_speaksFor(from.owner(), raw, digest, speakers, keys)) return;
        if (withdraws) state.withdraw(from, address(uint160(to)), amount, token, 0);
        else Ledger.move(from, target, amount, token, 0);
    }

    /// @dev Returns true if a forced operation is authorised by its account's owner under the scheme that it names.
    function _speaksFor(
        bytes32 owner,
        bytes memory raw,
        bytes32 digest,
        SignerHints memory speakers,
        bytes calldata keys
    ) private view returns (bool) {
        uint256 scheme = _number(raw, 21, 1);
        bool byKey = uint256(owner) >> 160 != 0;
        if (scheme == 2) return byKey && raw.length == 113 && _spoken(raw, owner, digest, speakers, keys);
        if (byKey) return false;
        if (scheme == 0) return uint256(owner) == _number(raw, 1, 20);
        if (scheme != 1 || raw.length != 129) return false;
        address speaker = Operations.recover(digest, bytes32(_number(raw, 65, 32)), bytes32(_number(raw, 97, 32)));
        return speaker != address(0) && uint256(owner) == uint160(speaker);
    }

    function _spoken(bytes memory raw, bytes32 owner, bytes32 digest, SignerHints memory speakers, bytes calldata keys)
        private
        view
        returns (bool)
    {
        uint256 index = speakers.used++;
        if (index >= speakers.hints.length) revert WitnessErrors.MissingSignerHint();
        bytes memory compressed = new bytes(48);
        assembly ("memory-safe") {
            mcopy(add(compressed, 32), add(raw, 97), 48)
        }
        (bool valid, bytes memory point) = Bls.signature(compressed, speakers.hints[index]);
        if (!valid) return false;
        if (Bls.ownerOf(keys, index) != owner) revert WitnessErrors.UnexpectedSignerKey();
        uint256[] memory positions = new uint256[](1);
        bytes32[] memory digests = new bytes32[](1);
        (positions[0], digests[0]) = (index, digest);
        return Bls.verify(point, keys, positions, digests);
    }

    /// @dev Returns `width` bytes at `offset` as a number. Bytes beyond the end are other memory, so the caller must
    /// check the length.
    function _number(bytes memory raw, uint256 offset, uint256 width) private pure returns (uint256 value) {
        assembly ("memory-safe") {
            value := shr(sub(256, shl(3, width)), mload(add(add(raw, 32), offset)))
        }
    }
}
