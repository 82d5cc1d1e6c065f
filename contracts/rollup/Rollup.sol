// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IBlsSignatureVerifier} from "../interfaces/IBlsSignatureVerifier.sol";
import {IRollup} from "../interfaces/IRollup.sol";
import {Assertions} from "./Assertions.sol";
import {RollupBase} from "./RollupBase.sol";
import {Vault} from "./Vault.sol";

/// @title The deployable rollup: inbox, assertions, vault, and exits of the frozen mode
contract Rollup is Vault {
    uint256 private constant ESCAPES = 1 << 64;
    uint256 private constant REFUNDS = 1 << 65;
    uint256 private constant DEPOSIT_BYTES = 75;

    bytes32 private constant ESCAPE_TYPE = keccak256("Escape(uint32 account,address to)");

    IBlsSignatureVerifier private immutable _VOICE;

    /// @param config_ The parameters
    /// @param judges_ The verifiers of fraud proofs, whose order defines the indexes of `challenge`
    /// @param voice The verifier of BLS signatures for `escapeTo`
    /// @param genesisRoot The state root before the first entry
    constructor(Config memory config_, address[] memory judges_, IBlsSignatureVerifier voice, bytes32 genesisRoot)
        RollupBase(config_)
        Assertions(judges_, genesisRoot)
    {
        _VOICE = voice;
    }

    /// @inheritdoc IRollup
    function freeze(Assertion calldata final_, Batch calldata next) external whenNotFrozen {
        uint256 since = _head.pendingSince;
        if (_head.consumed == _tail.length || block.timestamp <= since + _FREEZE_AFTER) {
            if (_requireFinal(final_) != _finalId) revert ParentNotFinal(final_.parent, _finalId);
            uint256 index = final_.inboxEnd + 1;
            if (keccak256(abi.encode(next)) != accumulators[index]) revert BatchMismatch(index);
            since = next.time;
        }
        uint256 from = since + _FREEZE_AFTER + 1;
        if (block.timestamp < from) revert TooEarly(block.timestamp, from);
        _head.frozen = true;
        emit Frozen(_finalId);
    }

    /// @inheritdoc IRollup
    function escape(
        Assertion calldata final_,
        Roots calldata roots,
        uint256 account,
        bytes32 owner,
        uint256 word,
        bytes32[] calldata path
    ) external {
        // A BLS key has no address of its own, so its owner uses `escapeTo`.
        if (uint256(owner) >> 160 != 0) revert InvalidProof();
        _escape(final_, roots, account, owner, word, path, address(uint160(uint256(owner))));
    }

    /// @inheritdoc IRollup
    function escapeTo(
        Assertion calldata final_,
        Roots calldata roots,
        uint256 account,
        bytes32 owner,
        uint256 word,
        bytes32[] calldata path,
        address to,
        bytes calldata proof
    ) external {
        bytes32 digest = _digest(keccak256(abi.encode(ESCAPE_TYPE, account, to)));
        if (uint256(owner) >> 160 == 0 || !_VOICE.isValidSignature(owner, digest, proof)) revert InvalidProof();
        _escape(final_, roots, account, owner, word, path, to);
    }

    /// @inheritdoc IRollup
    function refund(
        Assertion calldata final_,
        Roots calldata roots,
        uint256 index,
        bytes28 before,
        bytes calldata raw,
        bytes32[] calldata later
    ) external {
        _requireLast(final_, roots);
        if (index < uint64(uint256(roots.numbers) >> 128)) revert AlreadyPaid(index);
        if (index >> 64 != 0) revert InvalidProof();
        bytes28 acc = _nextQueueAcc(before, keccak256(raw));
        for (uint256 i; i < later.length; ++i) {
            acc = _nextQueueAcc(acc, later[i]);
        }
        if (!_wasQueueAcc(index + 1 + later.length, acc)) revert InvalidProof();
        if (raw.length != DEPOSIT_BYTES || uint8(raw[0]) != ITEM_DEPOSIT) revert InvalidProof();
        _spend(REFUNDS | index);
        address target = address(bytes20(raw[1:21]));
        uint16 token = uint16(bytes2(raw[21:23]));
        uint128 amount = uint128(bytes16(raw[23:39]));
        emit Refunded(index, target, token, amount);
        _pay(tokenOf(token), target, amount);
    }

    function _escape(
        Assertion calldata final_,
        Roots calldata roots,
        uint256 account,
        bytes32 owner,
        uint256 word,
        bytes32[] calldata path,
        address target
    ) private {
        _requireLast(final_, roots);
        _requirePath(roots.accounts, keccak256(abi.encode(owner, word)), account, path, ACCOUNT_DEPTH);
        _spend(ESCAPES | account);
        uint16 token = uint16(word >> 160);
        uint128 amount = uint128(word);
        emit Escaped(account, target, token, amount);
        _pay(tokenOf(token), target, amount);
    }

    /// @dev Requires the frozen mode and the last final assertion with the components of its root.
    function _requireLast(Assertion calldata final_, Roots calldata roots) private view {
        if (!_head.frozen) revert ChainNotFrozen();
        bytes32 id = _requireFinal(final_);
        if (id != _finalId) revert UnexpectedStatus(id, Status.Final);
        if (_stateRoot(roots) != final_.root) revert InvalidProof();
    }
}
